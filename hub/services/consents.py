"""Notifications that customers agreed to: WeChat counts them one by one."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from channels.contract import Consent as ConsentGiven
from hub.db import db
from hub.models import Consent, Identity


def record(identity: Identity, event: ConsentGiven) -> None:
    for template, count in event.granted.items():
        row = insert(Consent).values(identity_id=identity.id, template=template, left=count)
        more = {"left": Consent.left + count}
        db.session.execute(row.on_conflict_do_update(index_elements=["identity_id", "template"], set_=more))
    for template in event.revoked:
        revoke(identity.id, template)


def take(identity_id: int, template: str) -> bool:
    """One of them, if there is any."""
    ours = (Consent.identity_id == identity_id) & (Consent.template == template) & (Consent.left > 0)
    taken = update(Consent).where(ours).values(left=Consent.left - 1).returning(Consent.left)
    return db.session.scalar(taken.execution_options(synchronize_session=False)) is not None


def give_back(identity_id: int, template: str) -> None:
    """It was not used."""
    theirs = (Consent.identity_id == identity_id) & (Consent.template == template)
    db.session.execute(update(Consent).where(theirs).values(left=Consent.left + 1))


def revoke(identity_id: int, template: str) -> None:
    """None is left: the customer said so, or the provider."""
    theirs = (Consent.identity_id == identity_id) & (Consent.template == template)
    db.session.execute(update(Consent).where(theirs).values(left=0))
