"""Players ask for a file piece by piece, and Safari plays nothing that comes whole only."""

from __future__ import annotations

import pytest

from tests.stage import Person, Stage

MP3 = b"ID3\x04" + bytes(range(256)) * 40
URL = "/api/v1/attachments/1"


@pytest.fixture
def anna(stage: Stage) -> Person:
    anna = stage.agent()
    anna.upload("voice.mp3", MP3)
    return anna


def test_a_player_learns_that_it_may_ask_for_pieces(anna: Person) -> None:
    with anna.client.get(URL) as answer:
        assert (answer.status_code, answer.mimetype, answer.data) == (200, "audio/mpeg", MP3)
        assert (answer.headers["Accept-Ranges"], answer.content_length) == ("bytes", len(MP3))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-1", 0, 1), ("bytes=100-199", 100, 199), ("bytes=10000-", 10_000, 10_243), ("bytes=-4", 10_240, 10_243)],
)
def test_a_piece_is_that_piece(anna: Person, asked: str, first: int, last: int) -> None:
    with anna.client.get(URL, headers={"Range": asked}) as answer:
        assert (answer.status_code, answer.mimetype, answer.data) == (206, "audio/mpeg", MP3[first : last + 1])
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(MP3)}"
        assert answer.content_length == last - first + 1


@pytest.mark.parametrize("asked", ["bytes=20000-", "bytes=9-3", "bytes=x"])
def test_a_piece_that_is_not_there_is_refused(anna: Person, asked: str) -> None:
    with anna.client.get(URL, headers={"Range": asked}) as answer:
        assert answer.status_code == 416


def test_what_a_browser_has_is_not_sent_again(anna: Person) -> None:
    with anna.client.get(URL) as answer:
        etag = answer.headers["ETag"]
    with anna.client.get(URL, headers={"If-None-Match": etag}) as answer:
        assert (answer.status_code, answer.data) == (304, b"")
    with anna.client.get(URL, headers={"Range": "bytes=0-3", "If-Range": etag}) as answer:
        assert (answer.status_code, answer.data) == (206, MP3[:4])
    with anna.client.get(URL, headers={"Range": "bytes=0-3", "If-Range": '"another"'}) as answer:
        assert (answer.status_code, answer.data) == (200, MP3)


@pytest.mark.parametrize(
    ("name", "content", "mime"),
    [
        ("voice.m4a", b"\0\0\0\x20ftypM4A " + bytes(64), "audio/mp4"),
        ("voice.aac", b"\xff\xf1" + bytes(64), "audio/aac"),
        ("voice.ogg", b"OggS" + bytes(64), "audio/ogg"),
        ("voice.wav", b"RIFF\0\0\0\0WAVEfmt " + bytes(64), "audio/x-wav"),
        ("voice.webm", b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x82\x84webm" + bytes(64), "video/webm"),
    ],
    ids=["m4a", "aac", "ogg", "wav", "webm"],
)
def test_what_agents_record_is_played_where_it_is_shown(stage: Stage, name: str, content: bytes, mime: str) -> None:
    anna = stage.agent()
    anna.upload(name, content)
    with anna.client.get(URL) as answer:
        assert (answer.mimetype, answer.headers["Content-Disposition"].partition(";")[0]) == (mime, "inline")
