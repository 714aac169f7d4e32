"""Files that lie where a stranger says: fetched without reaching into our own network, and no more than is wanted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from io import BytesIO
from time import monotonic
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, HTTPSession
from urllib3.exceptions import HTTPError

from channels.errors import Refused, Unreachable
from channels.http import refusal_of

TIMEOUT = (3.05, 5.0)  # seconds for connecting and between two bytes
MOST_REDIRECTS = 3  # each goes through the same filter
CHUNK = 64 * 1024
LOOPBACK = False  # only tests may reach this machine
WHO = "Mozilla/5.0 (compatible; Yizhan)"

# it would log every address
logging.getLogger("requests_hardened").setLevel(logging.ERROR)


def fetch(url: str, limit: int, within: float = 8.0) -> bytes:
    """At most `limit` bytes in at most `within` seconds, or SendError."""
    deadline = monotonic() + within
    try:
        with _session() as session, session.get(url, stream=True) as response:
            if response.status_code != 200:
                raise Refused(f"HTTP {response.status_code}", code=str(response.status_code))
            return _read(response, limit, deadline)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        failure = type(error).__name__  # its text names the address
    raise Unreachable(failure)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """To a service that takes it again without harm, or SendError. Redirects are refusals."""
    try:
        with (
            _session() as session,
            session.post(url, body, headers=headers, allow_redirects=False, stream=True) as answer,
        ):
            refusal = refusal_of(answer)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        refusal = Unreachable(type(error).__name__)  # its text names the address
    if refusal:
        raise refusal


def is_public(url: str) -> bool:
    """As far as its letters tell; where its name leads is looked at by each call."""
    parts = urlsplit(url)
    if LOOPBACK:
        return parts.scheme in ("http", "https")
    host = parts.hostname or ""
    return parts.scheme == "https" and not parts.username and "." in host and not _is_number(host)


def _is_number(host: str) -> bool:
    return host.rpartition(".")[2].isdecimal()  # no name ends so


def _read(response: requests.Response, limit: int, deadline: float) -> bytes:
    body = BytesIO()
    while chunk := response.raw.read1(CHUNK, decode_content=True):  # what is there: who dribbles does not fill a chunk
        body.write(chunk)
        if body.tell() > limit or monotonic() > deadline:
            raise Refused("too large" if body.tell() > limit else "too slow")
    return body.getvalue()


def _session() -> HTTPSession:
    session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=LOOPBACK,
            never_redirect=False,
            default_timeout=TIMEOUT,
            user_agent_override=WHO,
        )
    )
    session.trust_env, session.max_redirects = False, MOST_REDIRECTS
    return session
