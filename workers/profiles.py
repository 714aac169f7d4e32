"""Asks providers what they know of the people who write."""

from __future__ import annotations

import logging

from sqlalchemy.exc import DBAPIError

from channels.contract import Address, Channel, Profile
from channels.errors import SendError, Unreachable
from hub import current
from hub.db import transaction
from hub.jobs import claim, one_again
from hub.models import ProfileFetch
from hub.services import profiles
from workers.attempts import tried

log = logging.getLogger(__name__)


def fetch_profiles(limit: int) -> int:
    """Names, languages and other addresses come from the provider."""
    with transaction():
        claimed = claim(ProfileFetch, ProfileFetch.channel.in_(list(current.channels())), limit=limit)
        jobs = [(job.id, current.channels()[job.channel], profiles.address_of(job)) for job in claimed]
    for job_id, channel, address in jobs:
        _fetch(job_id, channel, address)
    return len(jobs)


def _fetch(job_id: int, channel: Channel, address: Address) -> None:
    profile = tried(lambda: channel.profile(address), channel.name)
    if isinstance(profile, SendError):
        _not_learned(job_id, profile)
    else:
        _learned(job_id, profile)


def _learned(job_id: int, profile: Profile) -> None:
    try:
        with transaction():
            profiles.learned(one_again(ProfileFetch, job_id), profile)
    except DBAPIError as error:  # somebody else introduced or moved the same addresses at the same moment
        log.warning("profile %s is fetched again: %s", job_id, type(error).__name__)
        _not_learned(job_id, Unreachable(type(error).__name__, code="busy"))


def _not_learned(job_id: int, error: SendError) -> None:
    with transaction():
        profiles.not_learned(one_again(ProfileFetch, job_id), error)
