"""What can be wrong with a number at Twilio, tried out, and what belongs into Twilio's console."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from channels.contract import Finding, Paste
from channels.errors import SendError
from channels.http import is_beside_us
from channels.twilio.api import TwilioApi
from channels.twilio.errors import NOT_FOUND
from channels.twilio.hooks import RETRIES
from channels.twilio.settings import PHONE, AccountSettings, SmsSettings

TWILIOS = re.compile(r"[0-9]{5}")  # codes of its own, not of HTTP
MOST_AHEAD = timedelta(seconds=25)  # what was sent is looked for half a minute around our own time
NUMBERS = "console.twilio.com › Phone Numbers › Manage › Active numbers"
SERVICES = "console.twilio.com › Messaging › Services"
KEYS = "console.twilio.com › Account › API keys & tokens"
ADVICE = {
    "20003": f"Compare settings.account_sid and what auth_token or api_secret point to with {KEYS}.",
    "20005": "Read Twilio's notices in its console: the account is suspended or closed.",
    "20404": f"Compare settings.account_sid with {KEYS}.",
    "429": "Wait a minute, and try again.",
}
NO_ANSWER = "Check that this server reaches api.twilio.com: DNS, firewall, proxy."
LOOK_IT_UP = "Look the code up at https://www.twilio.com/docs/api/errors."
PUSHES = "Twilio pushes what comes in to us"
SAVE_IT = f"Save it in {NUMBERS}, as below."


def examine(api: TwilioApi, settings: SmsSettings, hook: str) -> Iterator[Finding]:
    yield address(hook, settings.api_base)
    yield countries(settings, "we write to")
    try:
        api.client.messages.list(limit=1)  # keys may be forbidden to ask for the account itself
    except SendError as error:
        yield complaint("Twilio's API", error)
        return
    yield from clock(api.date)
    yield Finding("Twilio accepts our credentials", True)
    if PHONE.fullmatch(settings.sender):
        yield from _number(api, settings, hook)
    elif settings.messaging_service_sid:
        yield from _service(api, settings.messaging_service_sid, hook)


def pastes(settings: SmsSettings, hook: str) -> list[Paste]:
    url = f"{hook}{RETRIES}"
    if settings.sender:
        page = f"{NUMBERS} › {settings.sender} › Messaging"
        return [Paste(page, "A message comes in: Webhook", url), Paste(page, "HTTP", "HTTP POST")]
    page = f"{SERVICES} › {settings.messaging_service_sid} › Integration"
    return [
        Paste(page, "Incoming Messages", "Send a webhook"),
        Paste(page, "Request URL", url),
        Paste(page, "HTTP", "HTTP POST"),
    ]


def address(hook: str, api_base: str) -> Finding:
    what, parts = f"Twilio can reach {hook}", urlsplit(hook)
    if is_beside_us(api_base):
        return Finding(what, True)
    if is_beside_us(hook) or "_" in (parts.hostname or ""):
        return Finding(
            what, False, "Twilio calls hosts on the internet only, without _ in their names: set public_url."
        )
    if parts.scheme != "https":
        return Finding(what, False, "A signature can be used again by whoever sees it: use https.")
    return Finding(what, True)


def countries(settings: AccountSettings, we: str) -> Finding:
    if settings.countries:
        return Finding(f"{we} numbers in {', '.join(settings.countries)}", True)
    advice = 'Name the countries of your customers, as countries = ["+852"]: others may be somebody\'s fraud.'
    return Finding(f"{we} numbers in any country", False, advice)


def clock(date: str) -> Iterator[Finding]:
    try:
        ahead = datetime.now(UTC) - parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return
    if abs(ahead) <= MOST_AHEAD:
        yield Finding("this server's clock is right", True)
        return
    wrong = f"{abs(round(ahead.total_seconds()))} s {'ahead of' if ahead > timedelta(0) else 'behind'} Twilio's"
    yield Finding(f"this server's clock is {wrong}", False, "Let it follow a time server (NTP).")


def _number(api: TwilioApi, settings: SmsSettings, hook: str) -> Iterator[Finding]:
    try:
        [*found] = api.client.incoming_phone_numbers.list(phone_number=settings.sender, limit=1)
    except SendError as error:
        yield complaint(f"the number {settings.sender}", error)
        return
    what = f"the account has the number {settings.sender}"
    if not found:
        yield Finding(what, False, f"Compare settings.from with {NUMBERS}.")
        return
    yield Finding(what, True)
    yield from _carried(found[0].capabilities or {}, settings)
    yield hooked(PUSHES, found[0].sms_url, found[0].sms_method, hook)


def _service(api: TwilioApi, sid: str, hook: str) -> Iterator[Finding]:
    what, page = f"the account has the messaging service {sid}", f"{SERVICES} › {sid} › Integration"
    try:
        service = api.client.messaging.v1.services(sid).fetch()
    except SendError as error:
        missing = Finding(what, False, f"Compare settings.messaging_service_sid with {SERVICES}.")
        yield missing if error.code == str(NOT_FOUND) else complaint(f"the messaging service {sid}", error)
        return
    yield Finding(what, True)
    if service.use_inbound_webhook_on_number:
        yield Finding(PUSHES, False, f"The service leaves it to each number. Choose Send a webhook in {page}.")
    else:
        yield hooked(PUSHES, service.inbound_request_url, service.inbound_method, hook, page)


def _carried(can: Mapping[str, Any], settings: SmsSettings) -> Iterator[Finding]:
    known = {name.lower(): value for name, value in can.items()}
    for medium, wanted in (("sms", True), ("mms", settings.mms)):
        if wanted:
            ok = bool(known.get(medium))
            advice = "" if ok else f"Use a number that carries {medium.upper()}, or settings.mms = false for MMS."
            yield Finding(f"the number carries {medium.upper()}", ok, advice)


def hooked(what: str, url: str | None, method: str | None, hook: str, page: str = NUMBERS) -> Finding:
    saved = (url or "").partition("#")[0]
    if saved != hook:
        return Finding(what, False, f"Twilio has {saved or 'no address'} there. Save it in {page}, as below.")
    if (method or "").upper() != "POST":
        return Finding(what, False, f"It has to be HTTP POST. Save it in {page}, as below.")
    return Finding(what, True)


def complaint(what: str, error: SendError) -> Finding:
    otherwise = LOOK_IT_UP if TWILIOS.fullmatch(error.code) else NO_ANSWER
    return Finding(f"{what}: {error}", False, ADVICE.get(error.code, otherwise))
