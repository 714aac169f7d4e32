"""What Twilio posts to an account's server: signed, with its deadlines, tried again as the address's fragment says.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import requests
from urllib3.exceptions import NewConnectionError

from simulator.twilio.signing import sign
from simulator.twilio.world import World

THREADS = 32
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
UNTOLD = frozenset({"Body", "SpeechResult"})  # no message text in what is kept
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, or in `failure` why nothing did. `kind`: which of the retry policies it falls under."""

    status: int = 0
    body: bytes = b""
    content_type: str = ""
    failure: str = ""
    kind: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Overrides:
    """How to connect, in seconds, how often to try again, and after what."""

    ct: float = 5.0
    rt: float = 15.0
    tt: float = 15.0
    rc: int = 1
    rp: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, fragment: str) -> Overrides:
        """What is out of Twilio's bounds counts for nothing."""
        given: dict[str, Any] = {}
        for name, [written, *_] in parse_qs(fragment).items():
            if name in BOUNDS and written.isdecimal() and BOUNDS[name][0] <= int(written) <= BOUNDS[name][1]:
                given[name] = int(written) if name == "rc" else int(written) / 1000
            if name == "rp":
                given[name] = frozenset(written.split(","))
        return cls(**given)

    def repeats(self, answer: Answer) -> bool:
        return bool(answer.kind) and ("all" in self.rp or answer.kind in self.rp)


BOUNDS = {"ct": (100, 10_000), "rt": (100, 15_000), "tt": (100, 15_000), "rc": (0, 5)}


class Callbacks:
    def __init__(self, world: World):
        self._world = world
        self._pool = ThreadPoolExecutor(THREADS, "callback")

    def ask(self, account_sid: str, url: str, method: str, fields: Mapping[str, str]) -> Answer:
        """For a document: what the server answers is followed."""
        return self._send("document", account_sid, url, method, fields)

    def deliver(self, account_sid: str, url: str, method: str, fields: Mapping[str, str]) -> Answer:
        """A report: that it arrives is all that counts."""
        return self._send("report", account_sid, url, method, fields)

    def tell(
        self, account_sid: str, url: str, fields: Mapping[str, str], before: Future[Answer] | None = None
    ) -> Future[Answer]:
        """A report in the background."""
        return self.after(before, partial(self.deliver, account_sid, url, "POST", fields))

    def after(self, before: Future[Any] | None, act: Callable[[], Done]) -> Future[Done]:
        """In the background, when what goes before has ended."""

        def run() -> Done:
            if before is not None:
                wait([before])  # it has a thread already: those that began earlier go first
            return act()

        return self._pool.submit(run)

    def _send(self, kind: str, account_sid: str, url: str, method: str, fields: Mapping[str, str]) -> Answer:
        address, _, fragment = url.partition("#")
        overrides, began = Overrides.of(fragment), time.monotonic()
        account, token = self._world.accounts.get(account_sid), str(uuid4())
        if account is None:  # the world was cleared meanwhile
            return Answer(failure="the account is gone")
        shown = {name: value for name, value in fields.items() if name not in UNTOLD}
        about = {"kind": kind, "account": account_sid, "url": url, "method": method, "fields": shown, "token": token}
        entry = self._world.record({**about, "tries": 0, "outcome": "pending", "status": 0, "failure": ""})
        for _ in range(1 + overrides.rc):
            left = overrides.tt - (time.monotonic() - began)
            answer = self._request(account.auth_token, address, method, fields, token, overrides, left)
            entry |= {"tries": entry["tries"] + 1, "status": answer.status, "failure": answer.failure}
            if not overrides.repeats(answer) or time.monotonic() - began >= overrides.tt:
                break
        entry |= {"outcome": "answered" if answer.ok else "unanswered", "seconds": round(time.monotonic() - began, 4)}
        account.counts["callbacks" if answer.ok else "unanswered"] += 1
        return answer

    def _request(
        self,
        auth_token: str,
        address: str,
        method: str,
        fields: Mapping[str, str],
        token: str,
        overrides: Overrides,
        left: float,
    ) -> Answer:
        """One request. Redirects are not followed: Twilio would drop the form on the way."""
        if urlsplit(address).hostname not in LOOPBACK:
            return Answer(failure="not on this machine")
        if method == "GET":
            address += f"{'&' if '?' in address else '?'}{urlencode(fields)}"
        form = None if method == "GET" else dict(fields)
        headers = {
            "X-Twilio-Signature": sign(auth_token, address, form.items() if form else ()),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        deadlines = (min(overrides.ct, left), min(overrides.rt, left))
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    method, address, data=form, headers=headers, timeout=deadlines, allow_redirects=False
                )
        except requests.RequestException as error:
            return _failed(error)
        kind = f"{answer.status_code // 100}xx" if answer.status_code >= 400 else ""
        return Answer(answer.status_code, answer.content, answer.headers.get("Content-Type", ""), kind=kind)


def _failed(error: requests.RequestException) -> Answer:
    if isinstance(error, requests.ConnectTimeout):
        return Answer(failure="timeout", kind="ct")
    if isinstance(error, requests.Timeout):
        return Answer(failure="timeout", kind="rt")
    if isinstance(getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError):
        return Answer(failure="connection refused", kind="ct")
    return Answer(failure="connection cut", kind="rt")
