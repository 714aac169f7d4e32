"""Queues: who waits in one, what they hear meanwhile, and who takes the next of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.twilio.voice.calls import Call, Ended, Source
from simulator.twilio.voice.clock import FOREVER
from simulator.twilio.voice.documents import WHILE_QUEUED, WHISPERED, Turn, entertain, last_words, perform, performs
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.rooms import Member, Room
from simulator.twilio.voice.twiml import Verb
from simulator.twilio.world import new_sid


@dataclass(eq=False)
class Waiting:
    call: Call
    since: float  # on the telephone's clock
    room: Room | None = None  # once somebody takes it
    whisper: Source | None = None  # what it is told then
    ready: bool = False  # to be connected
    parted: bool = False


@dataclass(eq=False)
class Queue:
    account_sid: str
    name: str
    created_at: float
    sid: str = field(default_factory=lambda: new_sid("QU"))
    most: int = 1000
    waiting: list[Waiting] = field(default_factory=list)


class Left(Exception):
    """The document says <Leave>."""


def find_or_open(exchange: Exchange, account_sid: str, name: str) -> Queue:
    with exchange.lock:
        found = (each for each in exchange.queues.values() if each.account_sid == account_sid)
        queue = next((each for each in found if name in (each.name, each.sid)), None)
        if queue is None:
            queue = Queue(account_sid, name, exchange.world.now())
            exchange.queues[queue.sid] = queue
        return queue


@performs("Leave")
def leave(turn: Turn, verb: Verb) -> None:
    raise Left


@performs("Enqueue")
def enqueue(turn: Turn, verb: Verb) -> Source | None:
    call, exchange = turn.call, turn.call.exchange
    queue, since = find_or_open(exchange, call.account_sid, verb.text), exchange.clock.now()
    call.answer()
    result = "error"

    def told() -> dict[str, str]:
        return {"QueueResult": result, "QueueSid": queue.sid, "QueueTime": str(round(exchange.clock.now() - since))}

    try:
        result = _wait(turn, verb, queue, Waiting(call, since))
    except Ended:
        result = "hangup"
        if "action" in verb.attributes:
            last_words(call, turn.action(verb, **told()))
        raise
    return turn.action(verb, **told()) if "action" in verb.attributes else None


def _wait(turn: Turn, verb: Verb, queue: Queue, waiting: Waiting) -> str:
    call, exchange = turn.call, turn.call.exchange
    with exchange.lock:
        if len(queue.waiting) >= verb.number("maxQueueSize", queue.most):
            return "queue-full"
        queue.waiting.append(waiting)
        exchange.changed.notify_all()

    def ask() -> Source | None:
        if not verb.get("waitUrl"):
            return None
        method, about = verb.get("waitUrlMethod", "POST"), _standing(queue, waiting)
        return turn.source(verb.get("waitUrl"), method, **about)

    try:
        entertain(call, ask, lambda: waiting.room, WHILE_QUEUED)
        whisper = waiting.whisper
        while whisper:
            whisper = perform(call, whisper, WHISPERED)
        waiting.ready = True
        exchange.touch(call.phone)
        call.wait(FOREVER, lambda: waiting.parted)
    except Left:
        return "leave"
    finally:
        with exchange.lock:
            if waiting in queue.waiting:
                queue.waiting.remove(waiting)
            if waiting.room:
                waiting.room.remove(call)
            waiting.parted = True
            exchange.changed.notify_all()
    return "bridged"


def _standing(queue: Queue, waiting: Waiting) -> dict[str, str]:
    with waiting.call.exchange.lock:
        position = queue.waiting.index(waiting) + 1 if waiting in queue.waiting else 0
        seconds = round(waiting.call.exchange.clock.now() - waiting.since)
        return {
            "QueueSid": queue.sid,
            "QueuePosition": str(position),
            "QueueTime": str(seconds),
            "AvgQueueTime": "0",
            "CurrentQueueSize": str(len(queue.waiting)),
        }


def serve(turn: Turn, noun: Verb, patience: float) -> str:
    """Takes the first who waits; what a Dial tells of it."""
    call, exchange = turn.call, turn.call.exchange
    queue, room = find_or_open(exchange, call.account_sid, noun.text), Room()
    whisper = turn.source(noun.get("url"), noun.get("method", "POST")) if noun.get("url") else None
    with exchange.lock:
        if not turn.wait(patience, lambda: queue.waiting):
            return "no-answer"
        waiting = queue.waiting.pop(0)
        waiting.room, waiting.whisper = room, whisper
        exchange.changed.notify_all()
    try:
        turn.wait(FOREVER, lambda: waiting.ready or waiting.parted)
        with exchange.lock:
            if not waiting.parted:
                room.add(Member(waiting.call))
                room.add(Member(call))
                room.connect()
        turn.wait(FOREVER, lambda: waiting.parted)
    finally:
        with exchange.lock:
            room.remove(call)
            waiting.parted = True
            exchange.changed.notify_all()
    return "completed"
