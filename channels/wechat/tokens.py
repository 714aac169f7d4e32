"""WeChat's access token: one for all processes of an account, renewed before it ends and when WeChat takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic, sleep, time
from typing import Any, NamedTuple

from channels.contract import Cache
from channels.errors import SendError, Throttled, Unreachable
from channels.http import Http, read_json
from channels.wechat.errors import failure
from channels.wechat.pauses import Pauses

PATH = "stable_token"
TOKEN_MARGIN = timedelta(minutes=5)  # WeChat renews a token in its last five minutes; old and new are both good then
TOKEN_LOCK = timedelta(seconds=15)  # longer than a call may take
TOKEN_WAIT = timedelta(seconds=3)  # for another process that is fetching
FORCE_PAUSE = timedelta(minutes=5)  # WeChat allows 20 forced refreshes a day


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    expires: float  # a time() that all processes share

    def lasts(self, span: timedelta) -> bool:
        return self.expires - time() > span.total_seconds()


class TokenBroker:
    """One access token for all processes. Without a cache each asks for itself and is given the same one."""

    def __init__(self, app_id: str, app_secret: str, api_base: str, http: Http, cache: Cache):
        self._account = {"grant_type": "client_credential", "appid": app_id, "secret": app_secret}
        self._url, self._http, self._cache = f"{api_base}/cgi-bin/{PATH}", http, cache
        self._pauses = Pauses(app_id, cache)
        self._key = f"wechat:token:{app_id}"
        self._held: Token | None = None
        self._may_force_at = 0.0

    def get(self, rejected: str = "") -> str:
        """A token that lasts; never `rejected`, the one that WeChat refused, if there is any other."""
        held = self._held
        if held and held.text != rejected and held.lasts(TOKEN_MARGIN):
            return held.text
        self._held = held = self._shared(rejected)
        return held.text

    def _shared(self, rejected: str) -> Token:
        until = monotonic() + TOKEN_WAIT.total_seconds()
        while monotonic() < until:
            if known := self._known(rejected, TOKEN_MARGIN):
                return known
            with self._cache.lock(f"{self._key}:lock", TOKEN_LOCK) as ours:
                if ours:
                    # the one who had the lock before us may just have done it
                    return self._known(rejected, TOKEN_MARGIN) or self._renew(rejected)
            if known := self._known(rejected, timedelta(0)):
                return known
            sleep(0.05)
        return self._renew(rejected)

    def _known(self, rejected: str, span: timedelta) -> Token | None:
        text, _, expires = (self._cache.get(self._key) or "").rpartition(" ")
        known = Token(text, float(expires)) if text else None
        return known if known and known.text != rejected and known.lasts(span) else None

    def _renew(self, rejected: str) -> Token:
        token = self._fetch(force=False)
        if token.text == rejected and self._may_force():
            token = self._fetch(force=True)
        return token

    def _may_force(self) -> bool:
        key = f"{self._key}:forced"
        if monotonic() < self._may_force_at or self._cache.get(key):
            return False
        self._may_force_at = monotonic() + FORCE_PAUSE.total_seconds()
        self._cache.set(key, "1", FORCE_PAUSE)
        return True

    def _fetch(self, *, force: bool) -> Token:
        self._pauses.check(PATH)
        answer = self._http.post_json(self._url, {**self._account, "force_refresh": force}, repeatable=True)
        try:
            token = _token_in(answer)
        except Throttled as error:
            self._pauses.begin(PATH, error)
            raise
        self._cache.set(self._key, f"{token.text} {token.expires}", timedelta(seconds=token.expires - time()))
        return token

    def probe(self) -> Probe:
        """Ask WeChat although we have a token: it is given the same one again."""
        asked = {**self._account, "force_refresh": False}
        answer = self._http.request("POST", self._url, repeatable=True, json=asked)
        complaint = None
        try:
            _token_in(read_json(answer, repeatable=True))
        except SendError as error:
            complaint = error
        return Probe(complaint, _ahead_of(answer.headers.get("Date", "")))


class Probe(NamedTuple):
    complaint: SendError | None
    ahead: timedelta | None  # how far our clock is ahead of WeChat's


def _token_in(answer: Any) -> Token:
    match answer:
        case {"access_token": str(text), "expires_in": int(seconds)} if text and seconds > 0:
            return Token(text, time() + seconds)
        case {"errcode": int(code)} if code:
            raise failure(code, answer.get("errmsg", ""))
    raise Unreachable("WeChat's answer has no access token")


def _ahead_of(date: str) -> timedelta | None:
    try:
        return datetime.now(UTC) - parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
