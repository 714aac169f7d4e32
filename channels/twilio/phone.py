"""Phone calls by Twilio Voice.

https://www.twilio.com/docs/voice/twiml, https://www.twilio.com/docs/voice/api. Every push comes to the channel's hook,
with a query that says what it is about: see hooks.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar
from uuid import UUID

from channels.contract import (
    Address,
    Attachment,
    Cache,
    Capabilities,
    DeliveryResult,
    Event,
    File,
    Finding,
    OutboundMessage,
    Paste,
    WebhookReply,
    WebhookRequest,
)
from channels.errors import BadSignature, Misconfigured, Refused, SendError, Uncertain, Unreachable, Unreadable
from channels.http import Http
from channels.twilio import calls, phone_doctor, twiml
from channels.twilio.api import VERSION, TwilioApi
from channels.twilio.call_errors import MISSING, NOT_IN_PROGRESS, explained
from channels.twilio.hooks import CALL_SID, FIRST_TURN, About, asking, telling
from channels.twilio.phone_settings import PhoneSettings
from channels.twilio.push import SCHEME, Push, check
from channels.twilio.settings import API, PHONE
from channels.twilio.signatures import is_form
from channels.voice import Placement, Script, Softphone, VoiceChannel

XML = "text/xml; charset=utf-8"
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
TEXT_BYTES = 4096  # some minutes of speech
LARGEST_RECORDING = 64 * 1024 * 1024  # four hours of MP3
TOKEN_LASTS = 3600  # seconds
BROWSER = "client:"
# in place of a caller's number, what is withheld stands there as one types it on the keys of a phone
NOBODY = {
    "+266696687": "ANONYMOUS",
    "+2562533": "BLOCKED",
    "+7378742833": "RESTRICTED",
    "+7748283": "PRIVATE",
    "+8656696": "UNKNOWN",
    "+86282452253": "UNAVAILABLE",
}


class Phone(VoiceChannel):
    scheme = SCHEME
    largest_push: ClassVar[int] = 256 * 1024
    capabilities = Capabilities(text_bytes=TEXT_BYTES, spoken=True)

    Settings = PhoneSettings
    settings: PhoneSettings

    def __init__(self, name: str, settings: PhoneSettings, *, http: Http, cache: Cache):
        super().__init__(name, settings, http=http, cache=cache)
        self._api = TwilioApi(settings, http, explained)

    # in

    def verify(self, request: WebhookRequest) -> None:
        if not is_form(request.headers.get("Content-Type", "")):  # Twilio posts forms about calls
            raise BadSignature
        check(request, self.settings)

    def parse(self, request: WebhookRequest) -> list[Event]:
        return calls.events(self._push(request), request.query, self.caller)

    def acknowledge(self, request: WebhookRequest, answer: OutboundMessage | None = None) -> WebhookReply:
        return WebhookReply(NOTHING_TO_SAY, content_type=XML)

    def respond(self, request: WebhookRequest, script: Script) -> WebhookReply:
        about = About.read(request.query)
        call = calls.leg_of(self._push(request), about)
        leg = twiml.Leg(self.hook, call, about.uid, self._music)
        return WebhookReply(twiml.document(script, leg), content_type=XML)

    def caller(self, number: str, leg: str) -> Address:
        return super().caller("" if number in NOBODY else number, leg)

    def fetch(self, attachment: Attachment) -> File:
        if not calls.RECORDING_SID.fullmatch(attachment.ref):
            raise Refused("this is no recording of Twilio's")
        path = f"{VERSION}/Accounts/{self.settings.account_sid}/Recordings/{attachment.ref}.mp3"
        content = self._download(f"{self.settings.api_base}/{path}")
        return File(attachment.name or "recording.mp3", "audio/mpeg", content)

    def _download(self, url: str) -> bytes:
        try:
            content = self.http.request("GET", url, auth=self.settings.login, limit=LARGEST_RECORDING).content
        except SendError as error:
            failure = error
        else:
            if content:
                return content
            failure = Unreachable("Twilio sent an empty recording")
        if failure.code == "404":  # Twilio tells of it before every one of its servers has it
            raise Unreachable("Twilio does not have the recording, or not yet", code="404")
        if failure.code in ("401", "403"):
            raise Misconfigured("Twilio does not accept our credentials", code=failure.code)
        raise failure

    # out

    def send(self, message: OutboundMessage) -> DeliveryResult:
        raise Refused("what is written on a phone line is said in a call, and there is none", code="no_call")

    def address(self, written: str) -> Address:
        return Address(self.scheme, self.settings.number(written))

    def is_own(self, address: str) -> bool:
        return address == self.settings.sender

    # calls

    def place(self, placement: Placement) -> str:
        self._check(placement.to)
        sid = self._api.client.calls.create(
            to=placement.to,
            from_=self.settings.sender,
            timeout=round(placement.rings_for.total_seconds()),
            url=asking(self.hook, FIRST_TURN, placement.uid),
            method="POST",
            status_callback=telling(self.hook, "status", placement.uid),
            status_callback_event=["initiated", "ringing", "answered", "completed"],
            status_callback_method="POST",
        ).sid
        if not isinstance(sid, str) or not CALL_SID.fullmatch(sid):
            raise Uncertain("Twilio's answer has no id of the call: the phone may ring")
        return sid

    def move(self, leg: str, uid: UUID | None, turn: str) -> None:
        self._api.client.calls(leg).update(url=asking(self.hook, turn, uid), method="POST")

    def end(self, leg: str) -> None:
        with _already(NOT_IN_PROGRESS, MISSING):
            self._api.client.calls(leg).update(status="completed")  # also while it rings

    def hold(self, leg: str, room: str, *, on: bool) -> None:
        conferences = self._api.client.conferences
        found = conferences.list(friendly_name=room, status="in-progress", limit=1)
        if not found:
            raise Refused("nobody is in the room")
        music = {"hold_url": self._music, "hold_method": "GET"} if on and self._music else {}
        conferences(found[0].sid).participants(leg).update(hold=on, **music)

    def forget(self, recording: str) -> None:
        with _already(MISSING):
            self._api.client.recordings(recording).delete()

    def _check(self, to: str) -> None:
        """Whom we must not ring: calls to far countries are what telephone fraud lives on."""
        if to.startswith(BROWSER):
            return
        if not PHONE.fullmatch(to):
            raise Refused("this is no number that can be called")
        if not self.settings.may_ring(to):
            raise Refused(self.settings.out_of_bounds)

    @property
    def _music(self) -> str:
        return self.settings.music or self.music

    # agents' browsers

    def browser(self, agent_id: int) -> str:
        return f"{BROWSER}{_identity(agent_id)}"

    def softphone(self, agent_id: int) -> Softphone | None:
        """It can be rung, and rings nobody: whom agents call is for the hub to decide."""
        settings = self.settings
        if not settings.api_key:
            return None
        from twilio.jwt.access_token import AccessToken
        from twilio.jwt.access_token.grants import VoiceGrant

        secret = settings.api_secret.get_secret_value()
        token = AccessToken(
            settings.account_sid, settings.api_key, secret, identity=_identity(agent_id), ttl=TOKEN_LASTS
        )
        token.add_grant(VoiceGrant(incoming_allow=True))
        if settings.api_base == API:
            return Softphone("twilio", token.to_jwt(), TOKEN_LASTS)
        return Softphone("simulator", token.to_jwt(), TOKEN_LASTS, settings.api_base)

    def browser_hosts(self) -> tuple[str, ...]:
        if not self.settings.api_key:
            return ()
        if self.settings.api_base == API:
            return ("https://*.twilio.com", "wss://*.twilio.com")
        return (self.settings.api_base,)

    # setting up

    def diagnose(self, hook: str) -> Iterator[Finding]:
        yield from phone_doctor.examine(self._api, self.settings, hook)

    def console(self, hook: str) -> list[Paste]:
        return phone_doctor.pastes(self.settings, hook)

    def _push(self, request: WebhookRequest) -> Push:
        push = Push.read(request.body, self.settings.account_sid)
        if push is None:
            raise Unreadable("not a form")
        return push


@contextmanager
def _already(*codes: str) -> Iterator[None]:
    """What Twilio refuses with these codes is done."""
    try:
        yield
    except Refused as error:
        if error.code not in codes:
            raise


def _identity(agent_id: int) -> str:
    return f"agent_{agent_id}"
