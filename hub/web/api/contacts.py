"""The people who write to us."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from typing import Annotated, Any, TypeVar

from flask import Response, request
from flask_openapi3 import RawModel  # type: ignore[attr-defined]
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.exc import IntegrityError, OperationalError

from channels.contract import Address, Personal
from hub import current
from hub.db import transaction
from hub.desk.attributes import Form
from hub.queries import contacts as rows
from hub.queries import inbox
from hub.queries.filters import comma_list
from hub.refusals import Invalid, Refusal
from hub.services import contacts, erasure, merging
from hub.shapes import ContactShape
from hub.web.api.blueprint import ById, Page, answer, api, listing
from hub.web.guard import exists
from hub.web.login import at_least, the_agent
from hub.web.problems import invalid

LARGEST_LINK = 16 * 1024
CLOCKS_DIFFER = 300  # seconds
TRIES = 3

Result = TypeVar("Result")


class MergeBody(BaseModel):
    contact: int  # who turns out to be the same person


class ContactBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)] | None = None
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", max_length=35)] | None = None
    attributes: dict[str, Any] = {}
    tags: (
        list[Annotated[str, Field(pattern=r"^[^\s,\x00-\x1f\x7f](?:[^,\x00-\x1f\x7f]{0,38}[^\s,\x00-\x1f\x7f])?$")]]
        | None
    ) = Field(None, max_length=20)


class BlockBody(BaseModel):
    reason: str = Field(min_length=1, max_length=500)


class TimelineQuery(Page):
    kind: Annotated[list[rows.Sort], BeforeValidator(comma_list)] = []
    channel: str | None = None
    cursor: str | None = None


class Timeline(BaseModel):
    items: list[rows.TimelineEntry]
    next: str | None


class AlikeList(BaseModel):
    items: list[rows.Alike]
    next: None


class AttributeShape(BaseModel):
    id: str
    zh: str
    en: str
    form: Form
    choices: list[str]


class AttributeList(BaseModel):
    items: list[AttributeShape]
    next: None


class UnmergeBody(BaseModel):
    merge: int


class EraseBody(BaseModel):
    model_config = ConfigDict(extra="forbid")  # a slip of the pen must not erase everything

    what: list[Personal] = Field(default=["everything"], min_length=1)

    @model_validator(mode="before")
    @classmethod
    def may_be_absent(cls, body: Any) -> Any:
        return {} if body is None and not request.get_data() else body


class AddressBody(BaseModel):
    scheme: str = Field(pattern=r"^[a-z][a-z0-9:._+-]*$", max_length=100)
    value: str = Field(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=500)


class LinkBody(BaseModel):
    addresses: list[AddressBody] = Field(min_length=2, max_length=10)
    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)] = ""


@api.get("/contacts/<id>", responses={200: ContactShape})
def get_contact(path: ById) -> Response:
    return answer(inbox.contact(path.id, the_agent()))


@api.patch("/contacts/<id>", responses={200: ContactShape})
def change_contact(path: ById, body: ContactBody) -> Response:
    with transaction():
        contact = contacts.locked(path.id)
        contacts.change(contact, the_agent(), body.name, body.language)
        contacts.note(contact, body.attributes, the_agent())
        if body.tags is not None:
            contacts.tag(contact, body.tags, the_agent())
    return answer(inbox.contact(path.id, the_agent()))


@api.get("/contacts/attributes", responses={200: AttributeList})
def list_attributes() -> Response:
    """What config/contacts.toml asks agents to note."""
    return listing([AttributeShape(**each.model_dump()) for each in current.settings().attributes])


@api.get("/contacts/<id>/timeline", responses={200: Timeline})
def get_timeline(path: ById, query: TimelineQuery) -> Response:
    return listing(*rows.timeline(path.id, the_agent(), query.kind, query.channel, query.cursor, query.limit))


@api.get("/contacts/<id>/alike", responses={200: AlikeList})
def list_alike(path: ById) -> Response:
    contacts.find(path.id)
    return listing(rows.alike(path.id, the_agent()))


@api.post("/contacts/<id>/block", responses={200: ContactShape})
def block_contact(path: ById, body: BlockBody) -> Response:
    with transaction():
        contacts.block(contacts.locked(path.id), body.reason.strip(), the_agent())
    return answer(inbox.contact(path.id, the_agent()))


@api.post("/contacts/<id>/unblock", responses={200: ContactShape})
def unblock_contact(path: ById) -> Response:
    with transaction():
        contacts.unblock(contacts.locked(path.id), the_agent())
    return answer(inbox.contact(path.id, the_agent()))


@api.post("/contacts/<id>/merge", responses={200: ContactShape})
def merge_contacts(path: ById, body: MergeBody) -> Response:
    if not exists("contacts", body.contact):
        raise Invalid("contact", "there is no such contact")
    _settled(lambda: merging.merge(path.id, body.contact, the_agent()))
    return answer(inbox.contact(path.id, the_agent()))


@api.post("/contacts/<id>/unmerge", responses={200: ContactShape})
def unmerge_contacts(path: ById, body: UnmergeBody) -> Response:
    contacts.find(path.id)
    _settled(lambda: merging.undo(merging.of_contact(path.id, body.merge).id, the_agent()))
    return answer(inbox.contact(path.id, the_agent()))


@api.post("/contacts/<id>/erase", responses={200: ContactShape})
@at_least("supervisor")
def erase_contact(path: ById, body: EraseBody) -> Response:
    _settled(lambda: erasure.erase(contacts.find(path.id), body.what, the_agent()))
    return answer(inbox.contact(path.id, the_agent()))


@api.post("/contacts/link", responses={200: ContactShape})
def link_contacts(raw: RawModel) -> Response:
    """The owner's own systems know that some addresses are one person. Not parsed before the signature is checked."""
    request.max_content_length = LARGEST_LINK
    content = request.get_data()
    _check_signature(content)
    try:
        body = LinkBody.model_validate_json(content)
    except ValidationError as error:
        return invalid(error)
    addresses = list(dict.fromkeys(Address(each.scheme, each.value) for each in body.addresses))
    contact = _settled(lambda: contacts.link(addresses, body.name))
    return answer(inbox.contact(contact.id, None))


def _check_signature(content: bytes) -> None:
    secret = current.settings().hub.link_secret
    if secret is None:
        advice = 'Nobody may link contacts: set link_secret = "env:NAME" in hub.toml, and sign with that secret.'
        raise Refusal("linking_is_off", advice, 404)
    said_at, given = (request.headers.get(f"X-Yizhan-{name}", "") for name in ("Timestamp", "Signature"))
    key = secret.get_secret_value().encode()
    expected = hmac(key, said_at.encode() + b"." + content, sha256).hexdigest()
    if not compare_digest(expected.encode(), given.lower().encode()):
        raise Refusal("bad_signature", "X-Yizhan-Signature does not sign this timestamp and body.", 403)
    if not said_at.isdecimal() or abs(time.time() - int(said_at)) > CLOCKS_DIFFER:
        raise Refusal("bad_timestamp", f"X-Yizhan-Timestamp is more than {CLOCKS_DIFFER} seconds off.", 403)


def _settled(change: Callable[[], Result]) -> Result:
    """Whoever changed the same people at the same moment is seen by the next try."""
    for _ in range(TRIES - 1):
        try:
            with transaction():
                return change()
        except IntegrityError:
            continue
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "40P01":  # a deadlock that PostgreSQL resolved
                raise
    with transaction():
        return change()
