"""What providers know of a person: asked for once they appear, by a worker."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select

from channels.contract import Address, Profile
from channels.errors import SendError
from hub import current
from hub.db import db, now
from hub.jobs import UNFINISHED
from hub.models import Identity, ProfileFetch
from hub.services import contacts, retries

FRESH = timedelta(days=1)


def wanted(identity: Identity, channel: str) -> None:
    """Ask, where the channel can tell, unless that is under way or was done lately. The contact is locked by now."""
    if not current.channels()[channel].capabilities.profiles:
        return
    lately = (ProfileFetch.state == "done") & (ProfileFetch.created_at > now() - FRESH)
    known = (ProfileFetch.identity_id == identity.id) & or_(ProfileFetch.state.in_(UNFINISHED), lately)
    if not db.session.scalar(select(select(ProfileFetch.id).where(known).exists())):
        db.session.add(ProfileFetch(lane=f"profile:{identity.id}", channel=channel, identity_id=identity.id))


def address_of(job: ProfileFetch) -> Address:
    return Address(job.identity.scheme, job.identity.value)


def learned(job: ProfileFetch, profile: Profile) -> None:
    """The job is locked. Nothing is learned of somebody who was erased meanwhile."""
    if job.state != "running":
        return
    address = address_of(job)
    contact = contacts.identify([(address, profile.aliases)])[address].contact
    contacts.describe(contact, "" if contact.name else profile.name, profile.language, profile.facts)
    job.state, job.error, job.error_code = "done", "", ""


def not_learned(job: ProfileFetch, error: SendError) -> None:
    if job.state == "running":
        retries.asked_again(job, error)
