"""Making one conversation of two, or two of one, and undoing it."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field

from hub.db import transaction
from hub.models import ConversationMerge
from hub.queries import access, inbox
from hub.services import joining
from hub.web.api.blueprint import ById, answer, api
from hub.web.login import the_agent


class Joined(BaseModel):
    merge: int  # by which it is undone
    kept: int
    other: int

    @classmethod
    def of(cls, row: ConversationMerge) -> Joined:
        return cls(merge=row.id, kept=row.kept_id, other=row.other_id)


class MergeConversations(BaseModel):
    other: int  # goes into the one of the address


class SplitBody(BaseModel):
    from_message: int  # this one and all after it
    subject: Annotated[str, Field(max_length=500)] = ""


class UnmergeConversations(BaseModel):
    merge: int


@api.post("/conversations/<id>/merge", responses={200: Joined})
def merge_conversations(path: ById, body: MergeConversations) -> Response:
    """Both of the same customer. The other one is resolved and leads to this one."""
    access.must_read(the_agent(), inbox.conversation(body.other))
    with transaction():
        row = joining.merge(path.id, body.other, the_agent())
    return answer(Joined.of(row))


@api.post("/conversations/<id>/split", responses={200: Joined})
def split_conversation(path: ById, body: SplitBody) -> Response:
    """The tail becomes a conversation of its own, `other`."""
    with transaction():
        row = joining.split(path.id, body.from_message, body.subject, the_agent())
    return answer(Joined.of(row))


@api.post("/conversations/<id>/unmerge", responses={200: Joined})
def unmerge_conversations(path: ById, body: UnmergeConversations) -> Response:
    """Undoes a merge or a split that this conversation had part in."""
    with transaction():
        row = joining.undo(path.id, body.merge, the_agent())
    return answer(Joined.of(row))
