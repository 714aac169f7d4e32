"""A call's documents: asked of the hub, and performed verb by verb, until one hangs up or the last has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from simulator.twilio.callbacks import LOOPBACK, Answer
from simulator.twilio.voice.calls import Call, Condition, Interrupted, Source, never
from simulator.twilio.voice.clock import FOREVER
from simulator.twilio.voice.schema import VERBS
from simulator.twilio.voice.twiml import NOT_IN_SCHEMA, RETRIEVAL_FAILED, TOO_MANY, Broken, Verb, read

NO_ADDRESS = 11100
MOST_SILENT = 100  # documents in a row that take no time: Twilio would go on, and so would the bill
APOLOGY = "We are sorry, an application error has occurred. Goodbye."
WHILE_WAITING = frozenset({"Say", "Play", "Pause", "Redirect"})
WHILE_QUEUED = WHILE_WAITING | {"Gather", "Leave", "Hangup"}
WHISPERED = WHILE_WAITING | {"Gather", "Hangup", "Reject"}


class Enough(Exception):
    """What the document was to bridge is over."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A document that a call performs. With `enough`, only until that comes true."""

    call: Call
    base: str  # its own address; empty: it came with a request
    allowed: frozenset[str] = VERBS
    enough: Condition = never

    def source(self, reference: str, method: str = "POST", **fields: str) -> Source:
        """What the document points at; nothing is the document itself."""
        address = urljoin(self.base, reference) if self.base else reference
        if urlsplit(address).scheme not in ("http", "https"):
            raise Broken(NO_ADDRESS, f"no address: {reference or 'none given'}")
        return Source(address, method, fields)

    def action(self, verb: Verb, **fields: str) -> Source:
        return self.source(verb.get("action"), verb.get("method", "POST"), **fields)

    def wait(self, seconds: float, until: Condition = never) -> bool:
        cut = self.call.wait(seconds, lambda: until() or self.enough())
        return self._unless_enough(cut)

    def utter(self, kind: str, seconds: float, until: Condition = never, **about: Any) -> bool:
        cut = self.call.utter(kind, seconds, lambda: until() or self.enough(), **about)
        return self._unless_enough(cut)

    def _unless_enough(self, cut: bool) -> bool:
        if self.enough():
            raise Enough
        return cut


Performed = Callable[[Turn, Verb], Source | None]  # the document that comes next; None is the verb that comes next
PERFORMED: dict[str, Performed] = {}


def performs(name: str) -> Callable[[Performed], Performed]:
    def note(verb: Performed) -> Performed:
        PERFORMED[name] = verb
        return verb

    return note


def run(call: Call, source: Source | None) -> None:
    """All there is to do in a call that is, or may be, answered."""
    fallback = call.fallback
    while True:
        try:
            while source:
                source = perform(call, source)
            return call.end()
        except Interrupted:
            source = call.take_forced()
        except Broken as error:
            call.exchange.note_error(call, error)
            if fallback is None:
                return apologise(call)
            fields = {"ErrorCode": str(error.code), "ErrorUrl": error.url.partition("#")[0]}
            source, fallback = Source(fallback.url, fallback.method, fields), None


def perform(call: Call, source: Source, allowed: frozenset[str] = VERBS, enough: Condition = never) -> Source | None:
    verbs, base = _fetched(call, source)
    call.wait(0)  # it may have been told something else meanwhile
    turn = Turn(call, base, allowed, enough)
    try:
        for verb in verbs:
            if verb.name not in allowed:
                raise Broken(NOT_IN_SCHEMA, f"no {verb.name} in this document")
            following = PERFORMED[verb.name](turn, verb)
            if following:
                return following
    except Broken as error:
        error.url = error.url or base
        raise
    return None


def entertain(
    call: Call, ask: Callable[[], Source | None], enough: Condition, allowed: frozenset[str] = WHILE_WAITING
) -> None:
    """Documents over and over, or music, until `enough` comes true."""
    following = ask()
    while following and is_here(following.url):
        try:
            following = perform(call, following, allowed, enough) or ask()
        except Enough:
            return
        except Broken as error:
            call.exchange.note_error(call, error)
            break
        if enough():
            return
    call.utter("music", FOREVER, enough)


def apologise(call: Call) -> None:
    call.answer()
    call.utter("error", 3, text=APOLOGY)
    call.end()


def last_words(call: Call, source: Source) -> None:
    """Told although the call is over: nobody performs what comes back."""
    call.exchange.start(lambda: _asked(call, source), f"{call.sid}-last")


def is_here(url: str) -> bool:
    """The simulator asks no servers but those on this machine."""
    return urlsplit(url).hostname in LOOPBACK


def _asked(call: Call, source: Source) -> Answer:
    fields = {**call.parameters(), **source.fields}
    return call.exchange.courier.ask(call.account_sid, source.url, source.method, fields)


def _fetched(call: Call, source: Source) -> tuple[tuple[Verb, ...], str]:
    call.silent_documents += 1
    try:
        if call.silent_documents > MOST_SILENT:
            raise Broken(TOO_MANY, f"{MOST_SILENT} documents in a row took no time")
        if source.twiml:
            return read(source.twiml), ""
        if not is_here(source.url):
            raise Broken(RETRIEVAL_FAILED, "not on this machine")
        answer = _asked(call, source)
        if not answer.ok:
            raise Broken(RETRIEVAL_FAILED, answer.failure or f"HTTP {answer.status}")
        if answer.content_type.startswith("audio/"):  # then it is to be heard
            return (Verb("Play", text=source.url),), source.url
        return read(answer.body, answer.content_type), source.url
    except Broken as error:
        error.url = error.url or source.url
        raise
