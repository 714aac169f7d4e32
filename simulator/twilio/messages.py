"""Messages in the REST API: what Twilio checks before it takes one, and how one is read, taken back and forgotten.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from flask import request
from werkzeug.datastructures import MultiDict

from simulator.twilio.carrying import Carrier
from simulator.twilio.files import MOST_FILES
from simulator.twilio.resources import message_resource
from simulator.twilio.rest import Answer, Page, Refusal, own, within
from simulator.twilio.segments import segments
from simulator.twilio.world import Account, Message, Service, World, new_sid

MOST_CHARACTERS = 1600
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
CLOSED_COUNTRIES = ("+86",)  # Twilio carries no messages to mainland China
# numbers that Twilio keeps for tests: what each is refused with
MAGIC_TO: Mapping[str, int] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
ALWAYS_GOOD = "+15005550006"
MAGIC_FROM: Mapping[str, int] = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received", "read"})
CANCELLABLE = frozenset({"scheduled", "accepted", "queued"})

Form = MultiDict[str, str]


# -- making one --------------------------------------------------------------------------------------------------------


def create(carrier: Carrier, account: Account) -> Answer:
    world, form = carrier.world, request.form
    service = _service(world, account, form)
    to, sender = form.get("To", "").strip(), _sender(world, account, form, service)
    _check_recipient(to, sender)
    body, media_urls = form.get("Body", ""), tuple(form.getlist("MediaUrl"))
    _check_content(world, sender, body, media_urls)
    callback = _callback(form, service)
    if world.blocks(service.sid if service else world.scope(sender), to):
        raise Refusal(21610)
    waits = _waits(form, service, world.now())
    message = Message(
        sid=new_sid("MM" if media_urls else "SM"),
        account=account,
        direction="outbound-api",
        from_=sender,
        to=to,
        body=body,
        created_at=world.now(),
        status="scheduled" if waits else "accepted" if service else "queued",
        segments=segments(body),
        service=service,
        status_callback=callback,
        media_urls=media_urls,
    )
    world.keep(message)
    answer = message_resource(message)  # as it is now: reports of what comes next may arrive before it
    if waits:
        world.later(waits, partial(carrier.carry, message))
    else:
        carrier.carry(message)
    return answer


def _service(world: World, account: Account, form: Form) -> Service | None:
    sid = form.get("MessagingServiceSid", "")
    if not sid:
        return None
    service = world.services.get(sid)
    if service is None or service.account is not account:
        raise Refusal(21701)
    if not service.numbers:
        raise Refusal(21703)
    return service


def _sender(world: World, account: Account, form: Form, service: Service | None) -> str:
    sender = form.get("From", "").strip()
    if not sender:
        if service is None:
            raise Refusal(21603)
        return service.numbers[0]
    if code := MAGIC_FROM.get(sender):
        raise Refusal(code)
    if not PHONE.fullmatch(sender):
        raise Refusal(21212)
    number = world.numbers.get(sender)
    if sender != ALWAYS_GOOD and (number is None or number.account is not account):
        raise Refusal(21606)
    return sender


def _check_recipient(to: str, sender: str) -> None:
    if not to:
        raise Refusal(21604)
    if code := MAGIC_TO.get(to):
        raise Refusal(code)
    if not PHONE.fullmatch(to):
        raise Refusal(21211)
    if to == sender:
        raise Refusal(21266)
    if to.startswith(CLOSED_COUNTRIES):
        raise Refusal(21408)


def _check_content(world: World, sender: str, body: str, media_urls: tuple[str, ...]) -> None:
    if not body and not media_urls:
        raise Refusal(21602)
    if len(body) > MOST_CHARACTERS:
        raise Refusal(21617)
    if len(media_urls) > MOST_FILES:
        raise Refusal(21623)
    if any(urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname for url in media_urls):
        raise Refusal(21620)
    number = world.numbers.get(sender)
    if media_urls and number and not number.mms:
        raise Refusal(21621)


def _callback(form: Form, service: Service | None) -> str:
    url = form.get("StatusCallback", "")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname):
        raise Refusal(21609)
    return url or (service.status_callback if service else "")


def _waits(form: Form, service: Service | None, now: float) -> float:
    """Seconds until it is to go; 0 without a schedule."""
    if form.get("ScheduleType") != "fixed":
        return 0.0
    if service is None:
        raise Refusal(35118)
    try:
        return max(1.0, datetime.fromisoformat(form.get("SendAt", "")).timestamp() - now)
    except ValueError:
        raise Refusal(35111) from None


# -- those there are ---------------------------------------------------------------------------------------------------


def list_messages(carrier: Carrier, account: Account) -> Answer:
    """Newest first. What has not gone yet has no date of sending, and is not found by one."""
    query = request.args
    with carrier.world.lock:
        found = [
            message
            for message in reversed(carrier.world.messages.values())
            if message.account is account
            and query.get("To") in (None, message.to)
            and query.get("From") in (None, message.from_)
            and within(query, "DateSent", message.sent_at)
        ]
        return Page("messages", [message_resource(message) for message in found])


def show(carrier: Carrier, account: Account, sid: str) -> Answer:
    return message_resource(own(carrier.world.messages.get(sid), account))


def update(carrier: Carrier, account: Account, sid: str) -> Answer:
    """An empty body takes the words away, a status takes back what has not gone yet."""
    message = own(carrier.world.messages.get(sid), account)
    with carrier.world.lock:
        if request.form.get("Status") == "canceled":
            if message.status not in CANCELLABLE:
                raise Refusal(20409)
            carrier.cancel(message)
        if request.form.get("Body") == "":
            if message.status not in FINAL:
                raise Refusal(20009)
            message.body = ""
        return message_resource(message)


def delete(carrier: Carrier, account: Account, sid: str) -> Answer:
    message = own(carrier.world.messages.get(sid), account)
    if message.status not in FINAL:
        raise Refusal(20009)
    del carrier.world.messages[sid]
    return None
