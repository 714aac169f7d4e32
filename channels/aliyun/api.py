"""Calls to Aliyun's SMS API, version 2017-05-25, and what its refusals mean.

By `channels.http`, not by Aliyun's library: that tries again by itself, and a second SendSms is a second message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import requests

from channels.aliyun.errors import failure
from channels.aliyun.settings import AliyunSettings
from channels.aliyun.signing import NOTHING, Signer, canonical_query
from channels.errors import SendError, Uncertain, Unreachable
from channels.http import Http, Refusal, read_json, unreadable

VERSION = "2017-05-25"
UNKNOWN_OUTCOME = {307, 308, 408}  # and from 500 on: it may have been taken
PAGE, MOST_PAGES = 50, 10  # a number gets some fifty messages a day


class AliyunApi:
    """The calls of one access key."""

    def __init__(self, settings: AliyunSettings, http: Http):
        self._signer = Signer(settings.access_key_id, settings.access_key_secret.get_secret_value())
        self._base, self._http = settings.api_base, http
        self._host = urlsplit(settings.api_base).netloc

    def send(self, **parameters: str) -> dict[str, Any]:
        return self._call("SendSms", parameters, repeatable=False)

    def ask(self, action: str, **parameters: str) -> dict[str, Any]:
        """A call that changes nothing."""
        return self._call(action, parameters, repeatable=True)

    def sent(self, number: str, day: date) -> Iterator[dict[str, Any]]:
        """Everything that went to a number on a day in Shanghai, of the last thirty."""
        asked = {"PhoneNumber": number, "SendDate": f"{day:%Y%m%d}", "PageSize": str(PAGE)}
        for page in range(1, MOST_PAGES + 1):
            match self.ask("QuerySendDetails", **asked, CurrentPage=str(page)).get("SmsSendDetailDTOs"):
                case {"SmsSendDetailDTO": list(found)}:
                    yield from (each for each in found if isinstance(each, dict))
                    if len(found) == PAGE:
                        continue
            return

    def _call(self, action: str, parameters: dict[str, str], *, repeatable: bool) -> dict[str, Any]:
        heard = Refusal()
        try:
            answer = self._request(action, parameters, heard, repeatable)
        except SendError as error:
            outcome = _outcome(error, heard, repeatable=repeatable)
        else:
            told = read_json(answer, repeatable=repeatable)
            match told:
                case {"Code": "OK"}:
                    return dict(told)
                case {"Code": str(code)}:
                    outcome = _repeated(failure(code, str(told.get("Message"))), repeatable)
                case _:
                    outcome = unreadable(answer, repeatable=repeatable)
        raise outcome

    def _request(
        self, action: str, parameters: dict[str, str], heard: Callable[..., None], repeatable: bool
    ) -> requests.Response:
        headers = {
            "host": self._host,
            "x-acs-action": action,
            "x-acs-content-sha256": NOTHING,
            "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": token_hex(16),
            "x-acs-version": VERSION,
        }
        headers["authorization"] = self._signer.authorization("POST", parameters, headers)
        url = f"{self._base}/?{canonical_query(parameters)}"
        return self._http.request("POST", url, repeatable=repeatable, headers=headers, hooks={"response": heard})


def _outcome(error: SendError, heard: Refusal, *, repeatable: bool) -> SendError:
    if code := heard.told.get("Code"):
        return _repeated(failure(str(code), str(heard.told.get("Message") or "")), repeatable)
    if heard.status >= 500 or heard.status in UNKNOWN_OUTCOME:
        return _repeated(Uncertain(f"{error.reason}: it may have been sent", code=error.code), repeatable)
    return error


def _repeated(error: SendError, repeatable: bool) -> SendError:
    """What changes nothing can be asked again."""
    return Unreachable(error.reason, code=error.code) if repeatable and isinstance(error, Uncertain) else error
