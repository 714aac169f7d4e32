"""Dial: other phones, the first that is answered is connected; or a conference; or whoever waits in a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simulator.twilio.voice.attending import attend
from simulator.twilio.voice.calls import Call, Ended, Interrupted, Reports, Source
from simulator.twilio.voice.clock import FOREVER
from simulator.twilio.voice.documents import WHISPERED, Turn, last_words, perform, performs, run
from simulator.twilio.voice.legs import ring
from simulator.twilio.voice.queueing import serve
from simulator.twilio.voice.rooms import Member, Room
from simulator.twilio.voice.taping import finish, record_call, reports_of
from simulator.twilio.voice.twiml import Broken, Verb

BAD_CALLER_ID = 13214
LONGEST = 14_400  # seconds
FAILURES = ("no-answer", "busy", "failed", "canceled")  # which one is told of several
Outcome = dict[str, str]  # what the action is told


@dataclass(eq=False)
class Attempt:
    """One phone of a Dial."""

    call: Call
    ready: bool = False  # answered, and through with what is said to it alone
    over: bool = False  # the Dial needs it no longer
    left: bool = False  # told to do something else


@performs("Dial")
def dial(turn: Turn, verb: Verb) -> Source | None:
    nouns = verb.children or (Verb("Number", {}, verb.text),)
    told: Outcome = {"DialCallStatus": "completed"}
    has_action = "action" in verb.attributes
    try:
        DIALLED[nouns[0].name](turn, verb, nouns, told)
    except Ended:
        if has_action:
            last_words(turn.call, turn.action(verb, **told))
        raise
    return turn.action(verb, **told) if has_action else None


def _conference(turn: Turn, verb: Verb, nouns: Sequence[Verb], told: Outcome) -> None:
    told["DialCallStatus"] = "answered"
    turn.call.answer()
    attend(turn, nouns[0], verb.number("timeLimit", LONGEST), stars=verb.flag("hangupOnStar"))


def _queue(turn: Turn, verb: Verb, nouns: Sequence[Verb], told: Outcome) -> None:
    turn.call.answer()
    told["DialCallStatus"] = serve(turn, nouns[0], verb.number("timeout", 30))


def _phones(turn: Turn, verb: Verb, nouns: Sequence[Verb], told: Outcome) -> None:
    call = turn.call
    if not verb.flag("answerOnBridge"):
        call.answer()
    attempts: list[Attempt] = []
    try:
        for noun in nouns:
            attempts.append(_attempt(turn, verb, noun))
        call.utter("ringing", FOREVER, lambda: _decided(attempts))
        winner = next((each for each in attempts if each.ready and each.call.is_live), None)
        if winner:
            _connect(turn, verb, winner, [each for each in attempts if each is not winner], told)
        else:
            statuses = {each.call.status for each in attempts}
            told["DialCallStatus"] = next((each for each in FAILURES if each in statuses), "failed")
    finally:
        _dismiss(attempts)


DIALLED: Mapping[str, Callable[[Turn, Verb, Sequence[Verb], Outcome], None]] = {
    "Conference": _conference,
    "Queue": _queue,
    **dict.fromkeys(("Number", "Client", "Sip"), _phones),
}


def _decided(attempts: Sequence[Attempt]) -> bool:
    return any(each.ready for each in attempts) or not any(each.call.is_live for each in attempts)


def _attempt(turn: Turn, verb: Verb, noun: Verb) -> Attempt:
    call, exchange = turn.call, turn.call.exchange
    caller = verb.get("callerId") or (call.from_ if call.is_inbound else call.to)
    if verb.get("callerId") and caller not in (*exchange.world.numbers, call.from_, call.to):
        raise Broken(BAD_CALLER_ID, "callerId is no number of the account")
    identity = next((child.text for child in noun.children if child.name == "Identity"), noun.text)
    to = f"client:{identity}" if noun.name == "Client" else identity
    callback = noun.get("statusCallback")
    leg = Call(
        exchange,
        account_sid=call.account_sid,
        phone=exchange.phone(to),
        from_=caller,
        to=to,
        direction="outbound-dial",
        parent=call,
        reports=Reports(
            turn.source(callback).url,
            noun.get("statusCallbackMethod", "POST"),
            noun.words("statusCallbackEvent", "completed"),
        )
        if callback
        else None,
    )
    attempt = Attempt(leg)
    whisper = turn.source(noun.get("url"), noun.get("method", "POST")) if noun.get("url") else None
    ring(leg, verb.number("timeout", 30), lambda: _attend(attempt, whisper))
    return attempt


def _attend(attempt: Attempt, whisper: Source | None) -> None:
    """The other end: first what it is told alone, then it is connected."""
    leg = attempt.call
    try:
        while whisper:
            whisper = perform(leg, whisper, WHISPERED)
        attempt.ready = True
        leg.exchange.touch(leg.phone)
        leg.wait(FOREVER, lambda: attempt.over)
    except Interrupted:
        attempt.left = True
        if leg.room:
            leg.room.remove(leg)
        leg.exchange.touch(leg.phone)
        return run(leg, leg.take_forced())
    except Broken as error:
        leg.exchange.note_error(leg, error)
    return leg.end()


def _connect(turn: Turn, verb: Verb, winner: Attempt, others: Sequence[Attempt], told: Outcome) -> None:
    call, leg, room = turn.call, winner.call, Room()
    _dismiss(others)
    begun, clock = call.exchange.clock.now(), call.exchange.clock
    told.update(DialCallSid=leg.sid, DialBridged="true")
    call.answer()
    recording = None
    if (how := verb.get("record", "do-not-record")) != "do-not-record":
        channels = 2 if how.endswith("dual") else 1
        recording = record_call(call, "DialVerb", channels=channels, reports=reports_of(turn, verb))
    try:
        with call.exchange.lock:
            room.add(Member(call))
            room.add(Member(leg))
            room.connect()
        stars = verb.flag("hangupOnStar")
        turn.wait(
            verb.number("timeLimit", LONGEST),
            lambda: winner.left or not leg.is_live or (stars and any(each.key == "*" for each in call.inputs)),
        )
    finally:
        told["DialCallDuration"] = str(round(clock.now() - begun))
        with call.exchange.lock:
            room.remove(call)
            room.remove(leg)
        if recording:
            call.recordings.remove(recording)
            finish(call.exchange, recording)
            told["RecordingUrl"] = recording.url


def _dismiss(attempts: Sequence[Attempt]) -> None:
    """Stop ringing, hang up; not who has left for something else."""
    for each in attempts:
        each.over = True
        if not each.left:
            each.call.end("completed" if each.call.is_answered else "canceled")
