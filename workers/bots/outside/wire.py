"""Calls of somebody else's service: answered within a time, whatever they do, or Failed."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from threading import Lock, Thread, local
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from workers.bots.contract import Failed

LARGEST_ANSWER = 64 * 1024
CHUNK = 16 * 1024
FAILURES = 3  # in a row, then it rests
REST = 30.0  # seconds
LONGEST_REST = 300.0
# What is wrong with this one question does not say that the next will fail: customers could switch the engine off.
ABOUT_THE_QUESTION = (400, 413, 414, 415, 422)

# They log whole addresses, with the tokens in them: each at DEBUG, and those whose answers have odd headers.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)
log = logging.getLogger(__name__)
T = TypeVar("T")


class Rejected(Failed):
    """They answered, and not with a 2xx."""

    def __init__(self, why: str, status: int, body: bytes):
        super().__init__(why)
        self.status, self.body = status, body


class Breaker:
    """After some failures in a row nobody is asked for a while, then one turn tries. One per engine and process."""

    def __init__(self, clock: Callable[[], float] = monotonic):
        self._clock, self._lock = clock, Lock()
        self._failures, self._rests_until = 0, 0.0

    def lets_through(self) -> bool:
        with self._lock:
            if not self._rests_until:
                return True
            if self._clock() < self._rests_until:
                return False
            self._rests_until = self._clock() + REST  # this one tries: the others go on without
            return True

    def failed(self, pause: float = 0.0) -> None:
        """`pause`: they asked for it."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES or pause:
                self._rests_until = self._clock() + (min(pause, LONGEST_REST) or REST)

    def answered(self) -> None:
        with self._lock:
            self._failures, self._rests_until = 0, 0.0


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    pause: float  # seconds that they want to be left alone


class Service:
    """Somebody else's, at one address. Safe to use from several threads."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, *, rests: bool = True):
        self.url, self.host = url, urlsplit(url).hostname or ""
        self._breaker = Breaker() if rests else None
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._session.proxies = get_environ_proxies(url)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter())

    def ask(
        self,
        payload: Any,
        answer: TypeAdapter[T],
        *,
        within: float,
        path: str = "",
        sign: Callable[[bytes], Mapping[str, str]] | None = None,
        limit: int = LARGEST_ANSWER,
    ) -> T | None:
        """What they answer to this JSON; None if they answer without a word (204). Else Failed."""
        if self._breaker and not self._breaker.lets_through():
            raise Failed("resting")
        # a lone surrogate in what a customer wrote is no reason to ask nobody
        body = json.dumps(payload, ensure_ascii=False, default=str).encode("utf-8", "replace")
        headers = {**self._headers, "Content-Type": "application/json", **(sign(body) if sign else {})}
        outcome = self._post(self.url + path, body, headers, within, limit)
        try:
            told = _told(outcome, answer)
        except Failed as failure:
            log.warning("%s: %s", self.host, failure.why)
            is_about_it = isinstance(failure, Rejected) and failure.status in ABOUT_THE_QUESTION
            if self._breaker and not is_about_it:
                self._breaker.failed(outcome.pause if isinstance(outcome, Response) else 0.0)
            raise
        if self._breaker:
            self._breaker.answered()
        return told

    def _post(self, url: str, body: bytes, headers: Mapping[str, str], within: float, limit: int) -> Response | Failed:
        call = _Call()
        outcome: Future[Response | Failed] = Future()

        def run() -> None:
            _here.call = call
            try:
                outcome.set_result(self._attempt(call, url, body, headers, within, limit))
            except BaseException as error:
                outcome.set_exception(error)

        # Names are looked up, and headers read, without any limit to the whole: only who waits elsewhere can leave.
        Thread(target=run, name=f"asking {self.host}", daemon=True).start()
        try:
            return outcome.result(within)
        except TimeoutError:
            call.hang_up()
        return Failed("timeout")

    def _attempt(
        self, call: _Call, url: str, body: bytes, headers: Mapping[str, str], within: float, limit: int
    ) -> Response | Failed:
        # failures are returned, not raised here: the caught exception carries the address and would be chained
        try:
            with self._session.post(
                url, data=body, headers=headers, timeout=within, allow_redirects=False, stream=True
            ) as response:
                told = bytearray()
                while chunk := response.raw.read1(CHUNK, decode_content=False):
                    told += chunk
                    if len(told) > limit or call.is_over:
                        return Failed("too_large")
                return Response(response.status_code, bytes(told), _pause(response.headers.get("Retry-After", "")))
        except requests.Timeout:
            return Failed("timeout")
        except (requests.RequestException, HTTPError, OSError, ValueError):
            return Failed("unreachable")


class _Call:
    """One that is going on, so that it can be ended from outside."""

    def __init__(self) -> None:
        self.is_over = False
        self.connection: HTTPConnection | None = None

    def hang_up(self) -> None:
        self.is_over = True
        line = self.connection and self.connection.sock
        if line:
            with suppress(OSError):
                # of the socket below TLS: whoever reads from it wakes up
                socket.socket.shutdown(line, socket.SHUT_RDWR)


_here = local()


class _Plain(HTTPConnection):
    def getresponse(self) -> Any:
        _on_the_line(self)
        return super().getresponse()


class _Secure(HTTPSConnection):
    def getresponse(self) -> Any:
        _on_the_line(self)
        return super().getresponse()


def _on_the_line(connection: HTTPConnection) -> None:
    call: _Call = _here.call
    call.connection = connection
    if call.is_over:
        raise OSError("nobody waits for it any more")


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _Secure if pool.scheme == "https" else _Plain
        return pool


def _told(outcome: Response | Failed, answer: TypeAdapter[T]) -> T | None:
    if isinstance(outcome, Failed):
        raise outcome
    if outcome.status == 204:
        return None
    if not 200 <= outcome.status < 300:
        raise Rejected(_why(outcome.status), outcome.status, outcome.body)
    with suppress(ValidationError, ValueError, RecursionError):
        return answer.validate_json(outcome.body)
    raise Failed("garbage")


def _why(status: int) -> str:
    if status in (401, 403):
        return "unauthorized"
    if status == 429:
        return "throttled"
    return "refused" if status < 500 else "server_error"


def _pause(retry_after: str) -> float:
    return float(retry_after) if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 8 else 0.0
