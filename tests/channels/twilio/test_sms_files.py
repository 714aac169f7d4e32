"""Files that come in by MMS: from Twilio with our login, from elsewhere without it, from our own network never."""

from __future__ import annotations

import socket
from typing import Any
from unittest.mock import ANY

import pytest
import requests
import responses

from channels.contract import Attachment
from channels.errors import Misconfigured, Refused, SendError, Throttled, Unreachable
from channels.http import Http
from channels.twilio import media
from tests.channels.accounts import SECRETS
from tests.channels.cases import assert_no_secret, assert_silent
from tests.channels.twilio.twilio import API, FILE, PNG, SID, answer, texting, twilio

PLACE = f"Messages/{SID}/Media/{FILE}"
STORAGE = "https://media.twiliocdn.com/x?signature=1"


def photo(ref: str = f"{SID}/{FILE}/image/png") -> Attachment:
    return Attachment("image", ref)


def moved(place: str, status: int = 307) -> responses.Response:
    return answer("GET", PLACE, status, headers={"Location": place})


def test_a_picture_comes_with_our_login() -> None:
    with twilio(answer("GET", PLACE, body=PNG)) as calls:
        file = texting().fetch(photo())
    assert (file.mime, file.content, file.name) == ("image/png", PNG, "image.png")
    assert calls[0].request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("told", "content", "mime", "name"),
    [
        ("image/png", b"<script>", "application/octet-stream", "image"),
        ("text/html", b"<script>", "application/octet-stream", "image"),
        ("text/vcard", b"BEGIN:VCARD", "text/vcard", "image.vcf"),
        ("text/plain", PNG, "image/png", "image.png"),
    ],
)
def test_a_file_is_what_is_in_it(told: str, content: bytes, mime: str, name: str) -> None:
    with twilio(answer("GET", PLACE, body=content)):
        file = texting().fetch(photo(f"{SID}/{FILE}/{told}"))
    assert (file.mime, file.name) == (mime, name)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_where_twilio_keeps_it_nobody_learns_our_login(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def fetch(url: str, limit: int, seconds: float) -> bytes:
        asked.append((url, limit, seconds))
        return PNG

    monkeypatch.setattr("channels.strangers.fetch", fetch)
    with twilio(moved(STORAGE, status)) as calls:
        assert texting().fetch(photo()).content == PNG
    assert len(calls) == 1 and asked == [(STORAGE, 5 * 1024 * 1024, ANY)]


@pytest.mark.parametrize("place", ["http://media.test/x", "file:///etc/passwd", "https://", "ftp://x/y", "/x"])
def test_a_place_that_is_no_safe_web_address(place: str) -> None:
    with twilio(moved(place)), pytest.raises(Refused, match="no safe web address"):
        texting().fetch(photo())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]"]
)
def test_our_own_network_is_not_reached(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: reached.append(address))
    with pytest.raises(SendError):
        media.follow(f"https://{host}/x", "https://api.twilio.com", Http())
    assert reached == []


def test_the_simulators_storage_is_beside_it() -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", "http://127.0.0.1:9/files/x", body=PNG)
        assert media.follow("http://127.0.0.1:9/files/x", "http://127.0.0.1:9", Http()) == PNG
        assert "Authorization" not in mock.calls[0].request.headers


@pytest.mark.parametrize(
    ("answered", "kind", "code"),
    [
        ({"status": 404, "body": ""}, Unreachable, "404"),
        ({"status": 404, "json": {"code": 20404}}, Unreachable, "404"),
        ({"status": 503, "body": ""}, Unreachable, "503"),
        ({"status": 401, "body": ""}, Misconfigured, "401"),
        ({"status": 401, "json": {"code": 20003}}, Misconfigured, "20003"),
        ({"status": 429, "body": ""}, Throttled, "429"),
        ({"body": requests.ReadTimeout(SECRETS["TEST_APP_SECRET"])}, Unreachable, ""),
        ({"body": b""}, Unreachable, ""),
        ({"body": bytes(5 * 1024 * 1024 + 1)}, Refused, ""),
    ],
    ids=["missing", "missing, in words", "503", "login", "login, in words", "429", "hangs", "empty", "too large"],
)
def test_a_picture_that_cannot_be_had(answered: dict[str, Any], kind: type[SendError], code: str) -> None:
    traces: list[str] = []
    with twilio(responses.Response("GET", f"{API}/{PLACE}", **answered)), pytest.raises(SendError) as failure:
        texting(traces).fetch(photo())
    assert (failure.type, failure.value.code) == (kind, code)
    assert_silent(failure.value, [])
    assert_no_secret("\n".join(traces), [])


@pytest.mark.parametrize("ref", ["", "../../x", f"{SID}/{FILE}", f"{SID}/../{FILE}/x", "https://evil.test/"])
def test_what_is_no_file_of_twilios(ref: str) -> None:
    with twilio(), pytest.raises(Refused):
        texting().fetch(photo(ref))
