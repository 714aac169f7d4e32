"""Asks the services of the shop, as flows say.

The host stands in ops' own file and is fixed when that is read: a customer's words fill the path, the query and the
JSON, where they are encoded and cannot name another place. Private addresses are allowed, for such services live
there; redirects are not followed, so that no service can send us elsewhere, with the token.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from io import BytesIO
from time import monotonic
from typing import Any, Literal
from urllib.parse import quote, unquote

import requests
from urllib3 import HTTPResponse

from channels.errors import SendError
from channels.http import Http
from hub.knowledge import Call
from workers.bots.flows.slots import LONGEST, clean
from workers.bots.flows.texts import filled

log = logging.getLogger(__name__)
LARGEST_ANSWER = 256 * 1024
CHUNK = 16 * 1024
CONNECTING = 3.05  # seconds
NOTHING: tuple[object, ...] = (None, "", False, [], {})


@dataclass(frozen=True, slots=True)
class Outcome:
    """`missing` is an answer, too: there is no such order."""

    result: Literal["found", "missing", "failed"]
    saved: Mapping[str, str] = field(default_factory=dict)


class NoSuchPlace(Exception):
    """What a customer said would lead to another path than the one that ops wrote."""


def ask(call: Call, slots: Mapping[str, str], within: float, turn_id: str = "") -> Outcome:
    """Within `within` seconds, and the `timeout` of the call."""
    try:
        url = address(call.url, slots)
    except NoSuchPlace:
        return Outcome("missing")
    deadline = monotonic() + min(within, call.timeout.total_seconds())
    try:
        response = _asked(call, url, slots, deadline, turn_id)
        told = _told(response.content)
    except SendError as error:
        if error.code == "404":
            return Outcome("missing")
        log.warning("a flow's service failed: %s", error.reason)
    except (ValueError, RecursionError, OSError, requests.RequestException) as error:
        log.warning("a flow's service failed: %s", type(error).__name__)  # its text may hold the token
    else:
        if call.found and standing(told, call.found) in NOTHING:
            return Outcome("missing")
        return Outcome("found", {slot: as_text(standing(told, path)) for slot, path in call.save.items()})
    return Outcome("failed")


def address(url: str, slots: Mapping[str, str]) -> str:
    """A slot is one piece of a path segment, or of a value in the query; it can never be more."""
    path, question, query = url.partition("?")
    segments = [(segment, filled(segment, slots, _encoded)) for segment in path.split("/")]
    for segment, whole in segments:
        # some servers decode %2F before they split the path, and clients resolve .. however it is encoded
        if "{" in segment and (unquote(whole) in ("", ".", "..") or not set(unquote(whole)).isdisjoint("/\\")):
            raise NoSuchPlace
    return "/".join(whole for _, whole in segments) + question + filled(query, slots, _encoded)


def _encoded(value: str) -> str:
    return quote(value, safe="")


def standing(told: Any, path: str) -> Any:
    """What stands at order.status or items.0.name; None: nothing."""
    for key in path.split("."):
        match told:
            case dict():
                told = told.get(key)
            case list() if key.isascii() and key.isdigit() and int(key[:6]) < len(told):
                told = told[int(key[:6])]
            case _:
                return None
    return told


def as_text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return clean(value).strip()[:LONGEST]
    return ""


def _asked(call: Call, url: str, slots: Mapping[str, str], deadline: float, turn_id: str) -> requests.Response:
    again = call.method == "GET"
    while True:
        started = monotonic()
        try:
            return _once(call, url, slots, deadline, turn_id)
        except SendError as error:
            failed_at_once = monotonic() - started < (deadline - started) / 2
            if not (again and error.retry and failed_at_once and error.code != "429"):
                raise
        again = False


def _once(call: Call, url: str, slots: Mapping[str, str], deadline: float, turn_id: str) -> requests.Response:
    left = max(deadline - monotonic(), 0.05)
    headers = {"Accept": "application/json"}
    if call.secret:
        headers["Authorization"] = f"Bearer {call.secret.get_secret_value()}"
    body = None
    if call.method == "POST":
        told = {name: filled(text, slots) for name, text in call.send.items()}
        body = json.dumps(told, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
        if turn_id:  # a turn may be thought about twice, and must not order twice
            headers["Idempotency-Key"] = sha256(b"\0".join((turn_id.encode(), url.encode(), body))).hexdigest()
    return _http().request(
        call.method,
        url,
        data=body,
        headers=headers,
        limit=LARGEST_ANSWER,
        timeout=(min(CONNECTING, left), left),
        hooks={"response": _Prompt(deadline)},
    )


@cache
def _http() -> Http:
    """Of this process: it keeps connections open."""
    return Http()


class _Prompt:
    """Reads an answer while there is time: who sends a byte a second never lets a read time out."""

    def __init__(self, deadline: float):
        self._deadline = deadline

    def __call__(self, response: requests.Response, **_: Any) -> None:
        if response.status_code >= 300:
            return
        body, raw = BytesIO(), response.raw
        while (chunk := raw.read1(CHUNK, decode_content=True)) and body.tell() <= LARGEST_ANSWER:
            body.write(chunk)
            if monotonic() > self._deadline:
                raw.close()
                raise requests.ReadTimeout
        if chunk:
            raw.close()
        body.seek(0)
        response.raw = HTTPResponse(body, preload_content=False)


def _told(content: bytes) -> Any:
    """Numbers as they are written: 12.50 stays 12.50."""
    text = content.decode("utf-8", "replace").strip()
    return json.loads(text, strict=False, parse_float=str, parse_int=str, parse_constant=str) if text else None
