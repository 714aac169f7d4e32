"""People and the addresses they are reached at."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, tuple_
from sqlalchemy.orm import contains_eager

from channels.contract import Address
from hub.db import db
from hub.models import Contact, Identity

Aliases = tuple[Address, ...]


def identify(senders: Collection[tuple[Address, Aliases]]) -> dict[Address, Identity]:
    """The identity behind each address, new ones with their contact; the contacts are locked until the commit."""
    known = _known({address for sender, aliases in senders for address in (sender, *aliases)})
    for sender, aliases in senders:
        if sender not in known:
            contact = next((known[alias].contact for alias in aliases if alias in known), None) or Contact(name="")
            known[sender] = Identity(scheme=sender.scheme, value=sender.value, reachable=True, contact=contact)
            db.session.add(known[sender])
    db.session.flush()  # messages name their author
    return known


def _known(addresses: Collection[Address]) -> dict[Address, Identity]:
    pairs = [(address.scheme, address.value) for address in addresses]
    rows = (
        select(Identity)
        .join(Identity.contact)
        .options(contains_eager(Identity.contact))
        .where(tuple_(Identity.scheme, Identity.value).in_(pairs))
        .order_by(Contact.id)  # everybody locks in the same order
        .with_for_update(of=Contact)
    )
    return {Address(row.scheme, row.value): row for row in db.session.scalars(rows)}
