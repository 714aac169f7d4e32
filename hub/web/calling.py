"""Legs of calls that ask what to do next: the push waits for its script, as long as a caller bears silence."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import DBAPIError, TimeoutError

from channels.contract import WebhookReply, WebhookRequest
from channels.voice import Script, VoiceChannel
from hub.db import transaction
from hub.services import scripts
from hub.services.arrivals import Row

log = logging.getLogger(__name__)
WITHIN = 4.0  # seconds; then the caller is told that it takes a moment
AT_LAST = 3.0  # more, while not even the question has been taken in
LOOK_EVERY = 0.05


def respond(
    channel: VoiceChannel, request: WebhookRequest, rows: list[Row], stored: bool, started: float
) -> WebhookReply:
    """`started`: the push's monotonic time."""
    asks = next((row for row in rows if row.event and row.event.get("kind") == "asks"), None)
    if asks is None or asks.event is None:
        return channel.acknowledge(request)
    script = _script(channel.name, asks, started) if stored else None
    return channel.respond(request, script or scripts.trouble(channel.name, asks.event["turn"]))


def _script(channel: str, row: Row, started: float) -> Script | None:
    assert row.event
    leg, turn = row.event["leg"], row.event["turn"]
    try:
        while (waited := time.monotonic() - started) < WITHIN + AT_LAST:
            with transaction():
                script = scripts.next_script(channel, leg, row.key, turn, at_once=waited > WITHIN)
            if script:
                return script
            time.sleep(LOOK_EVERY)
    except (DBAPIError, TimeoutError) as error:
        log.error("a caller has to wait: %s", type(error).__name__)
    return None
