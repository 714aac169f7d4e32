"""People and the addresses they are reached at."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import contains_eager

from channels.contract import Address
from hub import current
from hub.db import db, now
from hub.models import Agent, Contact, Identity
from hub.refusals import Invalid, NotFound
from hub.services import audit, conversations, merging
from hub.services.threads import touch_quietly

Aliases = tuple[Address, ...]
People = dict[Address, Identity]


def find(contact_id: int) -> Contact:
    if contact := db.session.get(Contact, contact_id):
        return contact
    raise NotFound("contact")


def tag(contact: Contact, tags: Sequence[str], by: Agent) -> None:
    """These and no others, in this order."""
    contact.tags = list(dict.fromkeys(tags))
    audit.record(by, "tag", contact, tags=contact.tags)


def change(contact: Contact, by: Agent, name: str | None = None, language: str | None = None) -> None:
    """What agents call them, and speak with them."""
    before = {"name": contact.name, "language": contact.language}
    if name is not None and name != contact.name:
        contact.named = False
        describe(contact, name=name)
        contact.name, contact.named = name, bool(name)
    contact.language = contact.language if language is None else language
    after = {"name": contact.name, "language": contact.language}
    if before != after:
        audit.record(by, "change", contact, before=before, after=after)


def note(contact: Contact, given: Mapping[str, Any], by: Agent) -> None:
    """`given`: of some attributes of config/contacts.toml the new values; None takes one away."""
    known = {each.id: each for each in current.settings().attributes}
    noted = dict(contact.attributes)
    for name, value in given.items():
        if value is None:
            noted.pop(name, None)
        elif name in known:
            try:
                noted[name] = known[name].checked(value)
            except ValueError as error:
                raise Invalid(f"attributes.{name}", str(error)) from None
        else:
            raise Invalid(f"attributes.{name}", "is not in config/contacts.toml")
    if noted != contact.attributes:
        before = {name: contact.attributes.get(name) for name in given}
        contact.attributes = noted
        audit.record(by, "note", contact, before=before, after={name: noted.get(name) for name in given})


def block(contact: Contact, reason: str, by: Agent) -> None:
    """What they send from now on is kept, and opens no work; what is open is over."""
    if contact.blocked_at:
        return
    contact.blocked_at = now()
    audit.record(by, "block", contact, reason=reason)
    for conversation in conversations.unresolved([contact]).values():
        conversations.shut(conversation, "contact_blocked", by)


def unblock(contact: Contact, by: Agent) -> None:
    if contact.blocked_at:
        contact.blocked_at = None
        audit.record(by, "unblock", contact)
        for conversation in conversations.of(contact):
            touch_quietly(conversation)


def locked(contact_id: int) -> Contact:
    """Ours alone until the commit: nobody takes in what they write meanwhile."""
    row = select(Contact).where(Contact.id == contact_id).with_for_update().execution_options(populate_existing=True)
    if contact := db.session.scalar(row):
        return contact
    raise NotFound("contact")


def identify(senders: Collection[tuple[Address, Aliases]]) -> People:
    """The identity behind each address, new ones with their contact; the contacts are locked until the commit.

    Aliases are vouched for: they and the sender become one contact. Raises IntegrityError where somebody else
    introduces or moves the same address at the same moment; the next try sees it.
    """
    people = _known({address for sender, aliases in senders for address in (sender, *aliases)})
    for sender, aliases in senders:
        if sender not in people:
            _add(people, sender, _contact_of(people, aliases) or Contact(name=""), reachable=True)
        _remember(people, aliases, people[sender].contact)
    db.session.flush()  # messages name their author
    for sender, aliases in senders:
        _join(people, (sender, *aliases))
    return people


def link(addresses: Sequence[Address], name: str = "") -> Contact:
    """Somebody we trust vouches that all these are one person."""
    addresses = list(dict.fromkeys(map(_as_kept, addresses)))
    people = _known(addresses)
    _remember(people, addresses, _contact_of(people, addresses) or Contact(name=""))
    db.session.flush()
    _join(people, addresses)
    contact = people[addresses[0]].contact
    describe(contact, name=name)
    return contact


def _as_kept(address: Address) -> Address:
    """As its channel would write it, where there is one."""
    channel = next((each for each in current.channels().values() if each.scheme == address.scheme), None)
    try:
        return channel.address(address.value) if channel else address
    except ValueError as error:
        raise Invalid("addresses", f"{address.value!r}: {error}") from None


def describe(contact: Contact, name: str = "", language: str = "", facts: Mapping[str, Any] | None = None) -> None:
    """What is known of a locked contact from now on; what is empty changes nothing."""
    contact.language = language or contact.language
    contact.facts = {**contact.facts, **(facts or {})}
    if name and name != contact.name and not contact.named:
        contact.name = name
        db.session.flush()
        for conversation in conversations.unresolved([contact]).values():
            touch_quietly(conversation)


def _known(addresses: Collection[Address]) -> People:
    pairs = [(address.scheme, address.value) for address in addresses]
    rows = (
        select(Identity)
        .join(Identity.contact)
        .options(contains_eager(Identity.contact))
        .where(tuple_(Identity.scheme, Identity.value).in_(pairs))
        .order_by(Contact.id)  # everybody locks in the same order
        # The identity as well, after its contact: one that was moved while we waited drops out, instead of counting
        # for the contact it left. Replies refer to identities meanwhile, which this kind of lock lets them.
        .with_for_update(of=(Contact, Identity), key_share=True)
        .execution_options(populate_existing=True)
    )
    return {Address(row.scheme, row.value): row for row in db.session.scalars(rows)}


def _contact_of(people: People, addresses: Iterable[Address]) -> Contact | None:
    """The oldest contact among those who have these addresses."""
    contacts = [people[address].contact for address in addresses if address in people]
    return min(contacts, key=lambda contact: contact.id or math.inf, default=None)


def _remember(people: People, addresses: Iterable[Address], contact: Contact) -> None:
    """Addresses that were only vouched for so far: nobody has written from there, so nothing can be sent there."""
    for address in sorted(addresses, key=lambda address: (address.scheme, address.value)):
        if address not in people:
            _add(people, address, contact, reachable=False)


def _add(people: People, address: Address, contact: Contact, *, reachable: bool) -> None:
    people[address] = Identity(scheme=address.scheme, value=address.value, reachable=reachable, contact=contact)
    db.session.add(people[address])


def _join(people: People, addresses: Iterable[Address]) -> None:
    contacts = {people[address].contact for address in addresses}
    if len(contacts) > 1:
        merging.join(contacts)
