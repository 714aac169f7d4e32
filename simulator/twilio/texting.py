"""What people text to an account's number: told to its server, which may answer; STOP and START are Twilio's own.

https://www.twilio.com/docs/messaging/guides/webhook-request, https://help.twilio.com/articles/223134027
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simulator.twilio.carrying import Carrier
from simulator.twilio.files import MOST_FILES, shown
from simulator.twilio.messages import CLOSED_COUNTRIES, MOST_CHARACTERS
from simulator.twilio.replies import RETRIEVAL_FAILED, Reply, Unusable, read
from simulator.twilio.rest import ROOT, VERSION
from simulator.twilio.segments import segments
from simulator.twilio.world import Handset, Media, Message, Number, new_sid


class Keyword(NamedTuple):
    """`out`: whether the sender wants no more from now on; None: only asks."""

    kind: str
    out: bool | None
    answer: str


STOP = Keyword(
    "STOP",
    True,
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
)
START = Keyword(
    "START",
    False,
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
)
HELP = Keyword("HELP", None, "Reply STOP to unsubscribe. Msg&Data Rates May Apply.")
KEYWORDS: Mapping[str, Keyword] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), STOP),
    **dict.fromkeys(("START", "YES", "UNSTOP"), START),
    **dict.fromkeys(("HELP", "INFO"), HELP),
}
COUNTRIES = {"+852": "HK", "+853": "MO", "+65": "SG", "+44": "GB", "+1": "US"}


class Impossible(Exception):
    """Nobody could do this on a phone."""


def text(carrier: Carrier, handset: Handset, number: Number, body: str, media: Sequence[Media] = ()) -> dict[str, Any]:
    """A person's text to a number; returned as the handset shows it, with what becomes of it."""
    world = carrier.world
    if handset.number.startswith(CLOSED_COUNTRIES):
        raise Impossible("Twilio carries no texts from mainland China")
    if len(body) > MOST_CHARACTERS or len(media) > MOST_FILES:
        raise Impossible("too long, or too many files")
    message = Message(
        sid=new_sid("MM" if media else "SM"),
        account=number.account,
        direction="inbound",
        from_=handset.number,
        to=number.number,
        body=body,
        created_at=world.now(),
        status="received",
        segments=segments(body),
        service=world.service_with(number.number),
        media=list(media),
        sent_at=world.now(),
    )
    with world.lock:  # the order on the phone is the order of the pushes
        world.keep(message)
        shown_text = handset.show(
            **{"from": "customer"},
            peer=number.number,
            text=body,
            media=shown(media),
            at=world.now(),
            sid=message.sid,
            push={"outcome": "pending", "reason": None},
        )
        keyword = KEYWORDS.get(body.strip().upper())
        fields = _fields(world.own_url, message, keyword)
        if keyword:
            _obey(carrier, message, keyword)
        handset.pushed = carrier.callbacks.after(
            handset.pushed, lambda: _push(carrier, handset, number, message, fields, shown_text)
        )
    return shown_text


def _obey(carrier: Carrier, message: Message, keyword: Keyword) -> None:
    """Answered where it changes something. The account's server hears of it as of any text."""
    scope = carrier.world.scope(message.to)
    if keyword.out is None or carrier.world.set_opted_out(scope, message.from_, out=keyword.out):
        answer(carrier, message, Reply(keyword.answer))


def answer(carrier: Carrier, message: Message, reply: Reply) -> None:
    """Back to whoever sent the message."""
    world = carrier.world
    sent = Message(
        sid=new_sid("MM" if reply.media_urls else "SM"),
        account=message.account,
        direction="outbound-reply",
        from_=message.to,
        to=message.from_,
        body=reply.body,
        created_at=world.now(),
        status="queued",
        segments=segments(reply.body),
        media_urls=reply.media_urls,
    )
    world.keep(sent)
    carrier.carry(sent)


def _push(
    carrier: Carrier,
    handset: Handset,
    number: Number,
    message: Message,
    fields: Mapping[str, str],
    shown_text: dict[str, Any],
) -> None:
    failure: Unusable | None = None
    first = message.service.inbound_url if message.service else ""
    for url in filter(None, (first or number.sms_url, number.sms_fallback_url)):
        about = {"ErrorCode": str(failure.code), "ErrorUrl": number.sms_url} if failure else {}
        told = carrier.callbacks.ask(number.account.sid, url, number.sms_method, {**fields, **about})
        try:
            replies = read(told)
        except Unusable as error:
            failure = error
            _note(carrier, message, url, error)
            continue
        handset.touch(shown_text, push={"outcome": "delivered", "reason": None})
        for reply in replies:
            if not carrier.world.blocks(carrier.world.scope(number.number), handset.number):
                answer(carrier, message, reply)
        return
    reason = failure.why if failure else "the number has no address for messages"
    handset.touch(shown_text, push={"outcome": "failed", "reason": reason})


def _note(carrier: Carrier, message: Message, url: str, error: Unusable) -> None:
    if error.code != RETRIEVAL_FAILED:  # that one is in the record of the request
        about = {"kind": "error", "account": message.account.sid, "url": url, "outcome": "unusable"}
        carrier.world.record({**about, "code": error.code, "failure": error.why})


def _fields(own_url: str, message: Message, keyword: Keyword | None) -> dict[str, str]:
    country = next((name for prefix, name in COUNTRIES.items() if message.from_.startswith(prefix)), "")
    fields = {
        "ToCountry": next((name for prefix, name in COUNTRIES.items() if message.to.startswith(prefix)), ""),
        "ToState": "",
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": message.sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": message.body,
        "FromCountry": country,
        "To": message.to,
        "ToZip": "",
        "NumSegments": str(message.segments),
        "MessageSid": message.sid,
        "AccountSid": message.account.sid,
        "From": message.from_,
        "ApiVersion": VERSION,
    }
    if message.service:
        fields["MessagingServiceSid"] = message.service.sid
        if keyword and message.service.advanced_opt_out:
            fields["OptOutType"] = keyword.kind
    for number, each in enumerate(message.media):
        fields[f"MediaContentType{number}"] = each.mime
        fields[f"MediaUrl{number}"] = f"{own_url}{ROOT}/{message.account.sid}/Messages/{message.sid}/Media/{each.sid}"
    return fields
