"""What providers hand us is kept as it came, before it is acknowledged."""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from channels.contract import CallEvent, Channel, Event, Receipt, WebhookChannel, WebhookRequest
from channels.errors import Unreadable
from hub import current, files
from hub.db import db, now
from hub.jobs import ring
from hub.models import Arrival, Attachment

log = logging.getLogger(__name__)
AT_ONCE = 1000
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # as JSON writes it; not where the text itself has a backslash
# one statement and one round trip for the pushes of many requests
STORE = text("""
    INSERT INTO arrival (channel, key, lane, sent_at, sequence, event, request, body, state, error, error_code,
                         attempts, due_at, created_at)
    SELECT channel, key, lane, sent_at, sequence, event, request, decode(body, 'base64'), state, error, error_code,
           0, created_at, created_at
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
        channel text, key text, lane text, sent_at timestamptz, sequence bigint, event jsonb, request jsonb, body text,
        state text, error text, error_code text, created_at timestamptz)
    ON CONFLICT (channel, key) DO NOTHING
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An arrival on its way into the table, or into the spool: JSON all through."""

    channel: str
    key: str
    lane: str
    sent_at: str
    sequence: int
    event: dict[str, Any] | None
    request: dict[str, Any]
    body: str
    state: str
    error: str
    error_code: str
    created_at: str


FIELDS = tuple(field.name for field in fields(Row))


def rows(channel: WebhookChannel, request: WebhookRequest) -> list[Row]:
    """One row an event. What was signed but cannot be read is a row too: `yizhan replay` tries it again."""
    found = _rows(channel, request)
    if not channel.keeps_raw or not found:
        return found
    kept = files.keep(request.body)  # before there is a row that needs it
    return [replace(row, body="", request={**row.request, "kept": kept}) for row in found]


def _rows(channel: WebhookChannel, request: WebhookRequest) -> list[Row]:
    try:
        events = channel.parse(request)
    except Unreadable as error:
        return [_unread(channel, request, str(error))]
    except Exception as error:
        log.exception("%s: a bug in the adapter's parse", channel.name)
        return [_unread(channel, request, type(error).__name__)]
    return [_row(channel, request, event.key, event) for event in events]


def store(connection: Connection, batch: Iterable[Row]) -> None:
    # PostgreSQL's text has no NUL and no half of a surrogate pair
    values = json.dumps([_fields(row) for row in batch], ensure_ascii=False).encode(errors="replace").decode()
    connection.execute(STORE, {"rows": NUL.sub(r"\1\\ufffd", values) if "\\u0000" in values else values})


def unstorable(row: Row) -> Row:
    """What is left to keep when the database refuses the event itself: the request as it came."""
    return replace(
        row,
        key=f"unstorable:{row.request.get('kept') or digest(row.body.encode())}",
        lane=f"{row.channel}:",
        sent_at=row.created_at,
        sequence=0,
        event=None,
        request={"kept": row.request["kept"]} if "kept" in row.request else {},
        state="failed",
        error="unstorable",
        error_code="unreadable",
    )


def is_refusal(error: DBAPIError) -> bool:
    """The database is there, and will never take this."""
    too_large = str(getattr(error.orig, "sqlstate", "")).startswith("54")
    return too_large or not isinstance(error, OperationalError)


def event_of(arrival: Arrival) -> Event:
    return EVENT.validate_python(arrival.event)


def unread() -> list[Arrival]:
    return list(db.session.scalars(select(Arrival).where(Arrival.event.is_(None), Arrival.state == "failed")))


def replay(arrival: Arrival) -> bool:
    """Read once more what could not be read; its events become arrivals of their own."""
    channel = current.channels().get(arrival.channel)
    if not isinstance(channel, WebhookChannel):
        arrival.error = "this channel is no longer configured"
        return False
    try:
        request = _request(arrival)
        events = channel.parse(request)
    except Unreadable as error:
        arrival.error = str(error)
        return False
    found = [_row(channel, request, event.key, event) for event in events]
    if kept := arrival.request.get("kept"):
        found = [replace(row, body="", request={**row.request, "kept": kept}) for row in found]
    try:
        with db.session.begin_nested():
            store(db.session.connection(), found)
    except DBAPIError as error:
        arrival.error = type(error).__name__
        return False
    arrival.state = "cancelled"
    ring(Arrival.kind)
    return True


def _request(arrival: Arrival) -> WebhookRequest:
    """As it came. What channels keep raw is in the store of files."""
    said = dict(arrival.request)
    try:
        body = files.read(kept) if (kept := said.pop("kept", "")) else arrival.body
    except LookupError:
        raise Unreadable("it is no longer in the store") from None
    return WebhookRequest(**said, body=body)


def used_files(digests: Collection[str]) -> set[str]:
    """Those of them that something still needs: an attachment, or a push that was kept raw."""
    if not digests:
        return set()
    attached = select(Attachment.sha256).where(Attachment.sha256.in_(digests))
    kept = Arrival.request["kept"].astext
    raw = select(kept).where(kept.in_(digests))
    return {digest for digest in (*db.session.scalars(attached), *db.session.scalars(raw)) if digest}


def forget(older_than: timedelta) -> int:
    """Done ones, a batch at a time so that nobody waits for the lock; with the raw files that nobody needs any more."""
    old = (Arrival.state == "done") & (Arrival.created_at < now() - older_than)
    batch = select(Arrival.id).where(old).limit(AT_ONCE)
    kept = Arrival.request["kept"].astext
    gone = db.session.scalars(delete(Arrival).where(Arrival.id.in_(batch)).returning(func.coalesce(kept, ""))).all()
    digests = {digest for digest in gone if digest}
    files.remove(digests - used_files(digests))
    return len(gone)


def lane_of(channel: str, sender: str) -> str:
    """What comes from one sender, and what bots owe them, is done one at a time."""
    return f"{channel}:{sender}"


def spooled(row: Row) -> str:
    return json.dumps(_fields(row))


def unspooled(line: str) -> Row:
    return Row(**json.loads(line))


def _fields(row: Row) -> dict[str, Any]:
    """As `asdict`, which would copy the events as well."""
    return {name: getattr(row, name) for name in FIELDS}


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def _unread(channel: Channel, request: WebhookRequest, error: str) -> Row:
    return _row(channel, request, f"unreadable:{digest(request.body)}", error=error)


def polled(channel: Channel, event: Event) -> Row:
    """What we found by asking: as if it had been pushed, and dropped by its key where it was."""
    return _row(channel, WebhookRequest(method="POLL"), event.key, event)


def _row(channel: Channel, request: WebhookRequest, key: str, event: Event | None = None, error: str = "") -> Row:
    received_at, redact = now().isoformat(), channel.http.redact
    return Row(
        channel=channel.name,
        key=key,
        lane=lane_of(channel.name, _sender(event)),
        sent_at=event.sent_at.isoformat() if event else received_at,
        sequence=getattr(event, "sequence", 0),
        event=EVENT.dump_python(event, mode="json") if event else None,
        request={
            "method": request.method,
            "url": redact(request.url),
            "query": {name: redact(value) for name, value in request.query.items()},
        },
        body=b64encode(request.body).decode(),
        state="pending" if event else "failed",
        error=error,
        error_code="unreadable" if error else "",
        created_at=received_at,
    )


def _sender(event: Event | None) -> str:
    """Whose events stay in order; of receipts those about the same message."""
    match event:
        case None:
            return ""
        case Receipt(provider_id=sent):
            return f"receipt:{sent}"
        case CallEvent(leg=leg, sender=None):
            return f"leg:{leg}"
        case _:
            assert event.sender, "only a leg of an agent has none"
            return event.sender.value
