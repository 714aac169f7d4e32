"""People and the addresses they are reached at."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from channels.contract import Address
from hub.db import db
from hub.models import Contact, Identity


def identify(address: Address, aliases: Sequence[Address] = ()) -> Identity:
    """The identity behind an address, new ones with their contact; its contact is locked until the commit."""
    identity = _find(address)
    if identity is None:
        contact = next((known.contact for alias in aliases if (known := _find(alias))), None) or _new_contact()
        # another worker may be meeting the same person on a second lane
        db.session.execute(
            insert(Identity)
            .values(contact_id=contact.id, scheme=address.scheme, value=address.value)
            .on_conflict_do_nothing()
        )
        identity = _find(address)
        assert identity is not None
    return identity


def _find(address: Address) -> Identity | None:
    known = (
        select(Identity)
        .join(Identity.contact)
        .where(Identity.scheme == address.scheme, Identity.value == address.value)
        .with_for_update(of=Contact)
    )
    return db.session.scalar(known)


def _new_contact() -> Contact:
    contact = Contact()
    db.session.add(contact)
    db.session.flush()
    return contact
