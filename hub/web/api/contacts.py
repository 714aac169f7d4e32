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
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.exc import IntegrityError, OperationalError

from channels.contract import Address, Personal
from hub import current
from hub.db import transaction
from hub.queries import inbox
from hub.refusals import Invalid, Refusal
from hub.services import contacts, erasure, merging
from hub.shapes import ContactShape
from hub.web.api.blueprint import ById, answer, api
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

    tags: list[
        Annotated[str, Field(pattern=r"^[^\s,\x00-\x1f\x7f](?:[^,\x00-\x1f\x7f]{0,38}[^\s,\x00-\x1f\x7f])?$")]
    ] = Field(max_length=20)


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
        contacts.tag(contacts.find(path.id), body.tags, the_agent())
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
