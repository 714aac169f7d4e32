"""Twilio's REST API: its own library, with our connections, limits and classes of failure under it.

Left to itself it waits for ever, logs phone numbers, and takes its region and credentials from the environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.contract import Attachment, File
from channels.errors import Misconfigured, Refused, SendError, Throttled, Uncertain, Unreachable
from channels.http import Http, Refusal, read_json, unreadable
from channels.twilio import media
from channels.twilio.settings import API, AccountSettings

VERSION = "2010-04-01"
REDIRECTS = {301, 302, 303, 307, 308}
UNKNOWN_OUTCOME = {307, 308, 408}  # and from 500 on: Twilio may have done what it could not answer
ENVIRONMENT = {"not": "the process's own"}  # an empty one would mean that one

Explain = Callable[[SendError], SendError]


class TwilioApi:
    """The calls of one account. `explain` makes more of a refusal, by Twilio's code."""

    def __init__(self, settings: AccountSettings, http: Http, explain: Explain = lambda error: error):
        self._settings, self._http, self._explain = settings, http, explain
        self._wire = _Wire(settings.api_base, http, explain)
        self.client = Client(*settings.login, settings.account_sid, http_client=self._wire, environment=ENVIRONMENT)

    @property
    def date(self) -> str:
        """That Twilio wrote on its last answer."""
        return self._wire.date

    def download(self, attachment: Attachment) -> File:
        path, mime = media.path_of(attachment)
        url, refusal = f"{self._settings.api_base}/{VERSION}/Accounts/{self._settings.account_sid}/{path}", Refusal()
        try:
            content = self._http.request(
                "GET", url, auth=self._settings.login, limit=media.LARGEST, hooks={"response": refusal}
            ).content
        except SendError as error:
            failure = error
        else:
            return media.named(content, mime, attachment.name or attachment.medium)
        if refusal.status in REDIRECTS and (place := refusal.headers.get("Location")):
            content = media.follow(place, self._settings.api_base, self._http)
            return media.named(content, mime, attachment.name or attachment.medium)
        if refusal.status == 404:  # not there yet, or no longer: no reason to stop the channel
            raise Unreachable("Twilio does not have the file", code="404")
        raise self._explain(_outcome("GET", refusal, failure))


class _Wire(HttpClient):  # type: ignore[misc]
    """Stands where the library keeps its own HTTP client. What goes wrong passes through the library as it is."""

    def __init__(self, api_base: str, http: Http, explain: Explain):
        super().__init__(None, False, None)
        self.date = ""
        self._api_base, self._http, self._explain = api_base, http, explain

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_: Any,
    ) -> Response:
        refusal, repeatable = Refusal(), method.upper() == "GET"
        options: dict[str, Any] = {"params": params, "data": data, "headers": headers, "auth": auth}
        try:
            answer = self._http.request(method, self._placed(uri), **options, hooks={"response": refusal})
        except SendError as error:
            failure = self._explain(_outcome(method.upper(), refusal, error))
        else:
            self.date = refusal.headers.get("Date", "")
            if answer.status_code == 204:
                return Response(204, "")
            told = read_json(answer, repeatable=repeatable)
            if isinstance(told, dict):
                return Response(answer.status_code, json.dumps(told))  # in a form that the library can read
            failure = unreadable(answer, repeatable=repeatable)
        raise failure

    def _placed(self, uri: str) -> str:
        """Whatever host of Twilio's the library names, a simulator stands for all of them."""
        if self._api_base == API:
            return uri
        parts = urlsplit(uri)
        return f"{self._api_base}{parts.path}{'?' if parts.query else ''}{parts.query}"


def _outcome(method: str, refusal: Refusal, error: SendError) -> SendError:
    """By Twilio's own code, where it told one."""
    code = str(refusal.told.get("code") or "")
    if isinstance(error, Throttled) or not refusal.status:
        return error
    if refusal.status >= 500 or refusal.status in UNKNOWN_OUTCOME:
        if method == "GET":
            return Unreachable(error.reason, code=error.code)
        return Uncertain(f"{error.reason}: it may have been done", code=error.code)
    if code:
        return Refused("Twilio refused with a code we do not know", code=code)
    if refusal.status in (401, 403):
        return Misconfigured("Twilio does not accept our credentials", code=str(refusal.status))
    return error
