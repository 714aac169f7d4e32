"""What every request of the REST API has, and how the account's own things are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from simulator.twilio.rest import Answer, Refusal
from simulator.twilio.voice.calls import Call
from simulator.twilio.voice.conferences import Conference
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.placing import Form
from simulator.twilio.voice.queueing import Queue
from simulator.twilio.voice.recordings import Recording

NOT_FOUND, BAD_VALUE = 20404, 20001
Handler = Callable[..., Answer]
Own = TypeVar("Own", Call, Conference, Queue, Recording)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the API, which may be made in this account."""

    exchange: Exchange
    account_sid: str
    form: Form
    query: Form

    def call(self, sid: str) -> Call:
        return self._own(self.exchange.calls.get(sid), sid)

    def recording(self, sid: str) -> Recording:
        return self._own(self.exchange.recordings.get(sid), sid)

    def queue(self, sid: str) -> Queue:
        return self._own(self.exchange.queues.get(sid), sid)

    def conference(self, sid: str) -> Conference:
        return self._own(self.exchange.conferences.get(sid), sid)

    def _own(self, found: Own | None, sid: str) -> Own:
        if found is None or found.account_sid != self.account_sid:
            raise missing(sid)
        return found


def missing(what: str) -> Refusal:
    return Refusal(NOT_FOUND, f"The requested resource {what} was not found")
