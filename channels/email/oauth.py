"""Access tokens of Google and Microsoft: renewed five minutes before they end, by one process for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from time import monotonic, sleep, time
from typing import Any

from channels.contract import Cache
from channels.email.settings import OAuth
from channels.errors import Misconfigured, Refused, Unreachable
from channels.http import Http, read_json

MARGIN = timedelta(minutes=5)
LOCK = timedelta(seconds=15)  # longer than a call may take
WAIT = timedelta(seconds=3)  # for another process that is renewing
REFRESH_TOKEN_LASTS = timedelta(days=90)  # Microsoft's, which gives a new one with every access token
ENDPOINTS = {
    "google": "https://oauth2.googleapis.com/token",
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
}
SCOPES = {
    "google": {},
    "microsoft": {
        "scope": "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"
    },
}
SIGN_IN_AGAIN = "{provider} does not accept the refresh token: let the owner of the mailbox sign in again, and put the "
SIGN_IN_AGAIN += "new refresh token where settings.oauth.refresh_token points"


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    expires: float  # a time() that all processes share

    def lasts(self, span: timedelta) -> bool:
        return self.expires - time() > span.total_seconds()


class AccessTokens:
    """One access token for all processes. Without a cache each renews its own."""

    def __init__(self, username: str, settings: OAuth, http: Http, cache: Cache):
        self._settings, self._http, self._cache = settings, http, cache
        self._url = ENDPOINTS[settings.provider].format(tenant=settings.tenant)
        written = settings.refresh_token.get_secret_value()
        # a refresh token that ops put in later is not overruled by what the old one became
        self._key = f"email:token:{username}:{sha256(written.encode()).hexdigest()[:16]}"
        self._held: Token | None = None

    def get(self, rejected: str = "") -> str:
        """A token that lasts; never `rejected`, the one that the mail server refused."""
        held = self._held
        if held and held.text != rejected and held.lasts(MARGIN):
            return held.text
        self._held = held = self._shared(rejected)
        return held.text

    def _shared(self, rejected: str) -> Token:
        until = monotonic() + WAIT.total_seconds()
        while monotonic() < until:
            if known := self._known(rejected):
                return known
            with self._cache.lock(f"{self._key}:lock", LOCK) as ours:
                if ours:
                    # the one who had the lock before us may just have done it
                    return self._known(rejected) or self._renew()
            sleep(0.05)
        return self._renew()

    def _known(self, rejected: str) -> Token | None:
        text, _, expires = (self._cache.get(self._key) or "").rpartition(" ")
        known = Token(text, float(expires)) if text else None
        return known if known and known.text != rejected and known.lasts(MARGIN) else None

    def _renew(self) -> Token:
        written = self._settings.refresh_token.get_secret_value()
        newest = self._cache.get(f"{self._key}:refresh")
        answer = self._ask(newest) if newest else None
        return self._token_in(answer or self._ask(written))

    def _ask(self, refresh_token: str) -> Any:
        asked = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "refresh_token": refresh_token,
            **SCOPES[self._settings.provider],
        }
        try:
            return read_json(self._http.request("POST", self._url, repeatable=True, data=asked), repeatable=True)
        except Refused as error:
            if refresh_token != self._settings.refresh_token.get_secret_value():
                return None
            failure = Misconfigured(SIGN_IN_AGAIN.format(provider=self._settings.provider), code=error.code)
        raise failure

    def _token_in(self, answer: Any) -> Token:
        match answer:
            case {"access_token": str(text), "expires_in": int(seconds)} if text and seconds > 0:
                token = Token(text, time() + seconds)
            case _:
                raise Unreachable(f"the answer of {self._settings.provider} has no access token")
        self._cache.set(self._key, f"{token.text} {token.expires}", timedelta(seconds=seconds))
        if (renewed := answer.get("refresh_token")) and isinstance(renewed, str):
            self._cache.set(f"{self._key}:refresh", renewed, REFRESH_TOKEN_LASTS)
        return token
