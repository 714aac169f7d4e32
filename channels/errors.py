"""How a webhook or a send can fail. The class decides what happens next, so pick it with care."""

from __future__ import annotations

from datetime import timedelta


class BadSignature(Exception):
    """The webhook does not prove that it comes from the provider."""


class Unreadable(Exception):
    """The provider signed it, but we cannot make sense of it: kept, shown to ops, replayable."""


class SendError(Exception):
    """Base of every failed call: `reason` is read by agents and ops, `code` is the provider's own."""

    retry = False

    def __init__(self, reason: str = "", *, code: str = "", after: timedelta | None = None):
        super().__init__(f"{code}: {reason}" if code else reason)
        self.reason, self.code, self.after = reason, code, after


class Unreachable(SendError):
    """The provider did not take the message: connection refused, 5xx, "system busy"."""

    retry = True


class Throttled(SendError):
    """The provider asks us to slow down; `after` says for how long when it tells."""

    retry = True


class Postponed(Throttled):
    """Nothing was tried: our own pace says when it is this message's turn. It costs no try."""


class Uncertain(SendError):
    """The answer never came: it may have been sent. An agent decides, a retry could send it twice."""


class Refused(SendError):
    """The provider will never take this message: too long, forbidden words, bad number."""


class WindowClosed(Refused):
    """The customer must write first: the time is over, or (`used_up`) as many messages as it allows were sent."""

    used_up = False


class Gone(Refused):
    """The address no longer exists or blocked us; the hub marks the identity unreachable."""


class OptedOut(Gone):
    """They want nothing from us until they say so themselves."""


class Misconfigured(SendError):
    """Our credentials or permissions are wrong: ops are alerted and the channel is paused."""
