"""Calls to others, outside of any transaction: what they bring, or why not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from channels.errors import SendError, Uncertain, Unreachable

log = logging.getLogger(__name__)
Brought = TypeVar("Brought")


def tried(call: Callable[[], Brought], whose: str, *, repeatable: bool = True) -> Brought | SendError:
    """A bug of ours on the way may pass, so it is one more reason to try again, unless it may have been done."""
    try:
        return call()
    except SendError as error:
        return error
    except Exception as error:
        log.exception("%s: a bug in what we ask", whose)
        trouble = Unreachable if repeatable else Uncertain
        return trouble(type(error).__name__, code="bug")
