"""What can be wrong with a phone line at Twilio, tried out, and what belongs into Twilio's console."""

from __future__ import annotations

from collections.abc import Iterator

from channels.contract import Finding, Paste
from channels.errors import SendError
from channels.twilio.api import TwilioApi
from channels.twilio.doctor import KEYS, NUMBERS, SAVE_IT, address, clock, complaint, countries, hooked
from channels.twilio.hooks import telling
from channels.twilio.phone_settings import PhoneSettings

TWIML_BINS = "console.twilio.com › Develop › TwiML Bins"


def examine(api: TwilioApi, settings: PhoneSettings, hook: str) -> Iterator[Finding]:
    yield address(hook, settings.api_base)
    yield countries(settings, "we call")
    try:
        api.client.calls.list(limit=1)  # keys may be forbidden to ask for the account itself
    except SendError as error:
        yield complaint("Twilio's API", error)
        return
    yield from clock(api.date)
    yield Finding("Twilio accepts our credentials", True)
    yield from _number(api, settings.sender, hook)
    yield _browsers(settings)


def pastes(settings: PhoneSettings, hook: str) -> list[Paste]:
    page = f"{NUMBERS} › {settings.sender} › Voice"
    return [
        Paste(page, "A call comes in: Webhook", hook),
        Paste(page, "HTTP", "HTTP POST"),
        Paste(page, "Primary handler fails", f"a document that apologises, from {TWIML_BINS}"),
        Paste(page, "Call status changes", telling(hook, "status", None)),
    ]


def _number(api: TwilioApi, number: str, hook: str) -> Iterator[Finding]:
    try:
        [*found] = api.client.incoming_phone_numbers.list(phone_number=number, limit=1)
    except SendError as error:
        yield complaint(f"the number {number}", error)
        return
    what = f"the account has the number {number}"
    if not found:
        yield Finding(what, False, f"Compare settings.from with {NUMBERS}.")
        return
    yield Finding(what, True)
    voice = bool((found[0].capabilities or {}).get("voice"))
    yield Finding("the number carries calls", voice, "" if voice else "Use a number that carries voice.")
    yield hooked("Twilio asks us what callers hear", found[0].voice_url, found[0].voice_method, hook)
    told = telling(hook, "status", None).partition("#")[0]
    yield hooked(
        "Twilio tells us when callers hang up", found[0].status_callback, found[0].status_callback_method, told
    )
    apology = bool(found[0].voice_fallback_url)
    advice = f"Write a document that apologises in {TWIML_BINS}, and name it where the primary handler fails. {SAVE_IT}"
    yield Finding("callers hear more than an error while we are down", apology, "" if apology else advice)


def _browsers(settings: PhoneSettings) -> Finding:
    if settings.api_key:
        return Finding("agents can answer in their browsers", True)
    advice = f"For that, make an API key in {KEYS}, and write it as api_key and api_secret."
    return Finding("agents answer on their phones only", True, advice)
