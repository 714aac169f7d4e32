"""Outgoing calls of a channel: one timeout, one classification of failures, one redacted trace."""

from __future__ import annotations

import json
import logging
import os
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from ipaddress import ip_address
from time import monotonic
from typing import Any
from urllib.parse import quote_plus, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError

from channels.errors import Refused, SendError, Throttled, Uncertain, Unreachable

CONNECT_AND_READ_TIMEOUT = (3.05, 8.0)
LARGEST_ANSWER = 20 * 1024 * 1024
LARGEST_REFUSAL = 64 * 1024
LONGEST_PAUSE = timedelta(days=1)
NOTHING_WAS_SENT = (
    requests.ConnectTimeout,
    NewConnectionError,
    ConnectTimeoutError,
    ProxyError,
    ssl.SSLCertVerificationError,
)

# urllib3 logs every URL with its query, and so every access token: at DEBUG, and where a server sends broken headers
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class Http:
    """Safe to use from several threads: it keeps connections open, and nothing else between calls."""

    def __init__(
        self,
        secrets: Iterable[str] = (),
        trace: Callable[[str], None] = lambda line: None,
        *,
        timeout: tuple[float, float] = CONNECT_AND_READ_TIMEOUT,
    ):
        self._secrets = [form for secret in secrets if secret for form in (secret, quote_plus(secret))]
        self._trace = trace
        self._timeout = timeout
        self._session = requests.Session()
        # requests would look all of this up anew for every call
        self._session.trust_env = False
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=20))

    def get_json(self, url: str, **options: Any) -> Any:
        return read_json(self.request("GET", url, **options), repeatable=True)

    def post_json(self, url: str, payload: Any, *, repeatable: bool = False, **options: Any) -> Any:
        # some providers show \uXXXX escapes to the customer as they are, so send real UTF-8
        body = json.dumps(payload, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        answer = self.request("POST", url, repeatable=repeatable, data=body, headers=headers, **options)
        return read_json(answer, repeatable=repeatable)

    def request(
        self, method: str, url: str, *, repeatable: bool = False, limit: int = LARGEST_ANSWER, **options: Any
    ) -> requests.Response:
        """One call, read to its end; anything but a 2xx is a SendError.

        `repeatable` says that a second copy does no harm, as with a token or an upload; a GET always is. `files=`
        uploads as multipart; pass bytes, an open file would be empty the second time.
        """
        started = monotonic()
        outcome = self._attempt(method, url, repeatable or method.upper() == "GET", limit, **options)
        status = f"{type(outcome).__name__} {outcome}" if isinstance(outcome, SendError) else outcome.status_code
        self._trace(self.redact(f"{method.upper()} {_bare(url)} -> {status} in {monotonic() - started:.3f} s"))
        if isinstance(outcome, SendError):
            raise outcome
        return outcome

    def redact(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line

    def _attempt(
        self, method: str, url: str, repeatable: bool, limit: int, **options: Any
    ) -> requests.Response | SendError:
        # failures are returned, not raised here: the caught exception carries the URL and would be chained
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
        proxies = _proxies(scheme, host or "")
        options = {"timeout": self._timeout, "allow_redirects": False, "stream": True, "proxies": proxies, **options}
        try:
            response = self._session.request(method, url, **options)
            if refusal := refusal_of(response):
                response.close()
                return refusal
            body = response.raw.read(limit + 1, decode_content=True)
        except (requests.RequestException, HTTPError) as error:
            if any(isinstance(cause, NOTHING_WAS_SENT) for cause in _causes(error)):
                return Unreachable(f"no connection to {host}")
            return _lost(f"no answer from {host}", repeatable)
        if len(body) > limit:
            response.close()
            too_large = f"{host} sent more than {limit} bytes"
            return Refused(too_large) if repeatable else _lost(too_large, repeatable)
        response.raw = BytesIO(body)
        return response


class Refusal:
    """What a refused answer says, of which `Http` itself keeps no more than the status.

    Goes along as `hooks={"response": refusal}`.
    """

    def __init__(self) -> None:
        self.status, self.headers = 0, CaseInsensitiveDict[str]()
        self.told: dict[str, Any] = {}  # the JSON object in it, if there is one

    def __call__(self, response: requests.Response, **_: Any) -> None:
        self.status, self.headers = response.status_code, response.headers
        if self.status >= 400:
            with suppress(HTTPError, OSError, ValueError, RecursionError):
                told = json.loads(response.raw.read(LARGEST_REFUSAL, decode_content=True))
                self.told = told if isinstance(told, dict) else {}


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_beside_us(url: str) -> bool:
    """As a simulator is, which comes in by any door."""
    return is_loopback(urlsplit(url).hostname or "")


def read_json(response: requests.Response, *, repeatable: bool) -> Any:
    """Decode leniently: providers put raw control characters into strings."""
    try:
        return json.loads(response.content.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        failure = unreadable(response, repeatable=repeatable)
    raise failure


def unreadable(response: requests.Response, *, repeatable: bool) -> SendError:
    return _lost(f"unreadable answer from {urlsplit(response.url or '').hostname}", repeatable)


@cache
def _proxies(scheme: str, host: str) -> dict[str, str]:
    return get_environ_proxies(f"{scheme}://{host}")


def _lost(reason: str, repeatable: bool) -> SendError:
    return Unreachable(reason) if repeatable else Uncertain(f"{reason}: it may have been sent")


def refusal_of(response: requests.Response) -> SendError | None:
    status = response.status_code
    reason = f"HTTP {status} from {urlsplit(response.url or '').hostname}"
    if status == 429:
        return Throttled(reason, code="429", after=_retry_after(response.headers.get("Retry-After", "")))
    if status >= 500:
        return Unreachable(reason, code=str(status))
    if status >= 300:  # redirects are not followed: they would carry the token to another host
        return Refused(reason, code=str(status))
    return None


def _retry_after(value: str) -> timedelta | None:
    """Seconds, or a date."""
    try:
        if value.isdecimal():
            return min(timedelta(seconds=int(value)), LONGEST_PAUSE)
        pause = parsedate_to_datetime(value).astimezone(UTC) - datetime.now(UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(pause, timedelta(0)), LONGEST_PAUSE)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Everything wrapped in a failed call: requests and urllib3 put causes in `args` and `reason`."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None)]


def _bare(url: str) -> str:
    """Without query and user: both carry secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
