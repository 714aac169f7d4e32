"""What customers send, and what becomes of what we sent: what Twilio tells becomes what the hub keeps of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from channels.contract import Address, Attachment, Event, InboundMessage, Presence, Receipt
from channels.errors import Unreadable
from channels.twilio import media
from channels.twilio.errors import LATER, LEFT, why
from channels.twilio.hooks import UID
from channels.twilio.push import MESSAGE_SID, MOST_FILES, NUMBER, SCHEME, Push, tidy

State = Literal["opted_out", "opted_in", "left"]
Told = Literal["sent", "delivered", "read", "failed"]

# not YES, which Twilio takes for START as well: from those who did not opt out it is an answer
WORDS: Mapping[str, State] = {
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"), "opted_out"),
    **dict.fromkeys(("t", "td", "r", "退", "退订", "退訂", "拒收"), "opted_out"),
    **dict.fromkeys(("start", "unstop", "恢复订阅", "恢復訂閱", "重新订阅"), "opted_in"),
}
# a messaging service with Advanced Opt-Out says itself how it understood the message
TYPES: Mapping[str, State | None] = {"STOP": "opted_out", "START": "opted_in", "HELP": None}
OUTCOMES: Mapping[str, Told] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent", "partially_delivered"), "sent"),
    "delivered": "delivered",
    "read": "read",
    **dict.fromkeys(("failed", "undelivered", "canceled"), "failed"),
}
INBOUND = {"", "receiving", "received"}
CANCELED = "it was cancelled at Twilio"
# what was said comes before what it means: a message makes its sender reachable again
A_MOMENT = timedelta(milliseconds=1)


def pushed(push: Push, query: Mapping[str, str], account_sid: str, api_base: str) -> list[Event]:
    if not push.is_about_messages:
        return []  # calls, conversations, alarms
    told = (push.text("MessageStatus") or push.text("SmsStatus")).lower()
    if told not in INBOUND:
        return _status(push, told, query.get("m", ""))
    files, lost = _files(push, account_sid, api_base)
    said = InboundMessage(
        sender=push.person("From"),
        provider_id=push.sid,
        sent_at=push.received_at,
        kind=files[0].medium if files and not push.text("Body") else "text",
        text=push.text("Body"),
        attachments=files,
        payload=_filled(to=push.text("To"), lost_files=lost, country=push.text("FromCountry")),
        no_answer=_no_answer(push.text("Body"), push.text("OptOutType"), push.text("From")),
    )
    return _with_change(said, _change(push.text("Body"), push.text("OptOutType")))


def listed(row: Any, files: list[tuple[str, str]]) -> list[Event]:
    """The same of a message in Twilio's list; `files`: each one's id and type."""
    if not MESSAGE_SID.fullmatch(row.sid or "") or not NUMBER.fullmatch(row.from_ or "") or not row.date_created:
        return []
    text = tidy(row.body or "")
    attachments = tuple(media.listed(row.sid, file, mime) for file, mime in files)
    said = InboundMessage(
        sender=Address(SCHEME, row.from_),
        provider_id=row.sid,
        sent_at=row.date_created.astimezone(UTC),
        kind=attachments[0].medium if attachments and not text else "text",
        text=text,
        attachments=attachments,
        payload=_filled(to=row.to),
        no_answer=_no_answer(text, "", row.from_),
    )
    return _with_change(said, _change(text, ""))


def _filled(**payload: Any) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if value}


def _with_change(said: InboundMessage, change: State | None) -> list[Event]:
    if change is None:
        return [said]
    return [said, _presence(said.provider_id, said.sender, said.sent_at + A_MOMENT, change)]


def _files(push: Push, account_sid: str, api_base: str) -> tuple[tuple[Attachment, ...], list[str]]:
    """Those that can be fetched, and the types of the others."""
    found: list[Attachment] = []
    lost: list[str] = []
    for number in range(push.number("NumMedia", MOST_FILES) or 0):
        mime = push.text(f"MediaContentType{number}")
        file = media.announced(push.text(f"MediaUrl{number}"), mime, account_sid, push.sid, api_base)
        if file:
            found.append(file)
        else:
            lost.append(mime)
    return tuple(found), lost


def _no_answer(text: str, opt_out_type: str, sender: str) -> str:
    """Twilio answers STOP, START and HELP itself; who has no number of a person is a machine."""
    if _change(text, opt_out_type) or opt_out_type.upper() in TYPES:
        return "opt_out"
    return "" if sender.startswith("+") else "machine"


def _change(text: str, opt_out_type: str) -> State | None:
    if (told := opt_out_type.upper()) in TYPES:
        return TYPES[told]
    return WORDS.get(unicodedata.normalize("NFKC", text).strip().casefold())


def _status(push: Push, told: str, ours: str) -> list[Event]:
    """Twilio sends these in any order, and some twice. `ours`: our own id of the message, which we put into the URL."""
    status, customer = OUTCOMES.get(told), push.person("To")
    if not status:
        return []
    code = push.number("ErrorCode", 999999) if status == "failed" else None
    receipt = Receipt(
        key=f"{push.sid}:{told}:{code or ''}",
        sent_at=push.received_at,
        provider_id=push.sid,
        message=_uuid(ours),
        status=status,
        reason="" if status != "failed" else CANCELED if told == "canceled" and not code else why(code),
        again=LATER.get(code or 0),
    )
    if code not in LEFT:
        return [receipt]
    return [receipt, _presence(push.sid, customer, push.received_at + A_MOMENT, LEFT[code])]


def _uuid(written: str) -> UUID | None:
    if written and not UID.fullmatch(written):
        raise Unreadable("bad m")
    return UUID(written) if written else None


def _presence(sid: str, who: Address, at: datetime, state: State) -> Presence:
    return Presence(key=f"{sid}:{state}", sender=who, sent_at=at, state=state)
