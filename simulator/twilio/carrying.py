"""What becomes of an account's messages on their way to a handset, and the reports about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from simulator.twilio.callbacks import Answer, Callbacks
from simulator.twilio.files import fetch, shown
from simulator.twilio.rest import VERSION
from simulator.twilio.scripts import Outcome, Script
from simulator.twilio.world import Message, World

PATHS: Mapping[Outcome, tuple[str, ...]] = {
    "delivered": ("sending", "sent", "delivered"),
    "undelivered": ("sending", "sent", "undelivered"),
    "failed": ("failed",),
    "sent": ("sending", "sent"),
}
ERRORS: Mapping[Outcome, int] = {"undelivered": 30003, "failed": 30008}
ARRIVES = frozenset({"delivered", "sent"})
TAKES = {"queued": 0.02, "sending": 0.05, "sent": 0.1}  # seconds since the status before
FINALLY_TAKES, BILLED_AFTER = 0.3, 3.0
PRICE = 0.0075  # of a segment


@dataclass(frozen=True, slots=True)
class Carrier:
    world: World
    callbacks: Callbacks

    def carry(self, message: Message) -> None:
        """From its first status on, of which nobody is told. Returns at once, unless the reports come early."""
        script = self.world.handset(message.to).script
        if message.media_urls:
            self.callbacks.after(None, lambda: self._go(message, self._fetched(message, script)))
        else:
            self._go(message, script)

    def cancel(self, message: Message) -> None:
        message.status, message.updated_at = "canceled", self.world.now()
        message.told = self._tell(message, "canceled")

    def _go(self, message: Message, script: Script) -> None:
        if message.status == "canceled":
            return
        begins = ("queued",) if message.status in ("accepted", "scheduled") else ()
        path, at = (*begins, *PATHS[script.outcome]), 0.0
        for number, status in enumerate(path, 1):
            at += TAKES.get(status, FINALLY_TAKES)
            reach = partial(self._reach, message, script, status, told=reports(path, number, script))
            if script.callbacks == "early":
                reach()
            else:
                self.world.later(at, reach)
        self.world.later(at + BILLED_AFTER, partial(self._bill, message))
        if script.callbacks == "early" and message.told:
            message.told.result()

    def _reach(self, message: Message, script: Script, status: str, *, told: Sequence[str]) -> None:
        with self.world.lock:
            if message.status == "canceled":
                return
            message.status, message.updated_at = status, self.world.now()
            if status == "sent":
                message.sent_at = message.updated_at
            if status in ("undelivered", "failed"):
                message.error_code = int(script.error) if script.error.isdecimal() else ERRORS[script.outcome]
        if status == "sent" and script.outcome in ARRIVES:
            self.world.handset(message.to).show(
                **{"from": "shop"},
                peer=message.from_,
                text=message.body,
                media=shown(message.media),
                at=self.world.now(),
                sid=message.sid,
            )
        for each in told:
            message.told = self._tell(message, each)

    def _tell(self, message: Message, status: str) -> Future[Answer] | None:
        if not message.status_callback:
            return None
        fields = {
            "SmsSid": message.sid,
            "SmsStatus": status,
            "MessageStatus": status,
            "To": message.to,
            "MessageSid": message.sid,
            "AccountSid": message.account.sid,
            "From": message.from_,
            "ApiVersion": VERSION,
        }
        if message.service:
            fields["MessagingServiceSid"] = message.service.sid
        if status in ("undelivered", "failed"):
            fields["ErrorCode"] = str(message.error_code)
        return self.callbacks.tell(message.account.sid, message.status_callback, fields, message.told)

    def _fetched(self, message: Message, script: Script) -> Script:
        """With its files, or the reason why it fails for want of them."""
        for url in message.media_urls:
            found = fetch(url, self.world.now())
            if isinstance(found, int):
                return Script("failed", str(found), script.callbacks)
            message.media.append(found)
        return script

    def _bill(self, message: Message) -> None:
        if message.sent_at:
            message.price = f"{-PRICE * message.segments:.5f}"


def reports(path: Sequence[str], number: int, script: Script) -> Sequence[str]:
    """Which statuses are told when the message has come so far along its path."""
    match script.callbacks:
        case "lost":
            return ()
        case "reversed":
            return path[::-1] if number == len(path) else ()
        case "twice":
            return (path[number - 1],) * 2
    return (path[number - 1],)
