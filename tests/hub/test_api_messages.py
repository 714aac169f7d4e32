"""The thread at the API: page by page in both directions, its files, and its contact."""

from __future__ import annotations

from typing import Any

import pytest

from hub.models import Attachment
from tests.stage import PNG, Person, Stage, WeChat, written

HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GIF = b"GIF89a" + bytes(30)
THREAD = "/conversations/1/messages"


@pytest.fixture
def anna(stage: Stage) -> Person:
    """Seven messages, of which the third came last."""
    for number in (1, 2, 4, 5, 6, 7, 3):
        stage.page(written(str(number), number=number))
        stage.do("arrival")
    return stage.agent()


def texts(page: dict[str, Any]) -> str:
    return "".join(item["text"] for item in page["items"])


def test_without_a_place_the_newest_are_shown(anna: Person) -> None:
    assert texts(anna.get(THREAD)) == "1234567"
    page = anna.get(THREAD, limit=3)
    assert texts(page) == "567"
    assert page["next"] is not None


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_paging_back_finds_every_message_once(anna: Person, limit: int) -> None:
    seen, page = "", anna.get(THREAD, limit=limit)
    while True:
        seen = texts(page) + seen
        if page["next"] is None:
            break
        page = anna.get(THREAD, limit=limit, before=page["next"])
    assert seen == "1234567"


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_paging_forward_finds_every_message_once(anna: Person, limit: int) -> None:
    first = anna.get(THREAD)["items"][0]["id"]
    seen, page = "1", anna.get(THREAD, limit=limit, after=first)
    while True:
        seen += texts(page)
        if page["next"] is None:
            break
        page = anna.get(THREAD, limit=limit, after=page["next"])
    assert seen == "1234567"


@pytest.mark.parametrize(
    ("which", "limit", "wanted", "older", "newer"),
    [
        ("4", 4, "23456", True, True),
        ("4", 50, "1234567", False, False),
        ("1", 4, "123", False, True),
        ("7", 4, "567", True, False),
        ("4", 1, "45", True, True),
        ("3", 6, "123456", False, True),
    ],
)
def test_a_page_around_a_message_and_both_ways_from_it(
    anna: Person, which: str, limit: int, wanted: str, older: bool, newer: bool
) -> None:
    ids = {item["text"]: item["id"] for item in anna.get(THREAD)["items"]}
    page = anna.get(THREAD, around=ids[which], limit=limit)
    assert texts(page) == wanted
    assert (page["next"] is not None, page["newer"] is not None) == (older, newer)
    before = anna.get(THREAD, before=page["next"])["items"] if older else []
    after = anna.get(THREAD, after=page["newer"])["items"] if newer else []
    assert "".join(item["text"] for item in (*before, *page["items"], *after)) == "1234567"


def test_nothing_is_after_the_last_and_before_the_first(anna: Person) -> None:
    items = anna.get(THREAD)["items"]
    assert anna.get(THREAD, after=items[-1]["id"]) == {"items": [], "next": None}
    assert anna.get(THREAD, before=items[0]["id"]) == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"after": 99}, "after"),
        ({"before": 99}, "before"),
        ({"around": 99}, "around"),
        ({"before": "x"}, "before"),
        ({"limit": 201}, "limit"),
    ],
)
def test_a_wrong_place_names_its_field(anna: Person, query: dict[str, Any], field: str) -> None:
    assert [error["field"] for error in anna.get(THREAD, 422, **query)["errors"]] == [field]


def test_a_place_in_another_thread_is_wrong(stage: Stage, anna: Person) -> None:
    stage.page(written("other", sender="cy", number=50))
    stage.work()
    [other] = anna.get("/conversations/2/messages")["items"]
    anna.get(THREAD, 422, before=other["id"])


def test_what_a_message_says(stage: Stage, anna: Person) -> None:
    shown = anna.get(THREAD)["items"][0]
    assert shown == {
        "id": 1,
        "conversation_id": 1,
        "direction": "in",
        "author": {"kind": "contact", "id": 1, "name": shown["author"]["name"]},
        "channel": "pager",
        "kind": "text",
        "text": "1",
        "attachments": [],
        "source": None,
        "payload": {},
        "sent_at": "2026-03-01T12:00:00.000000Z",
        "created_at": shown["created_at"],
        "delivery": None,
    }


# files


@pytest.mark.parametrize(
    ("name", "content", "mime", "inline"),
    [
        ("tea.png", PNG, "image/png", True),
        ("tea.gif", GIF, "image/gif", True),
        ("tea.png", HTML, "application/octet-stream", False),
        ("tea.svg", SVG, "application/octet-stream", False),
        ("page.html", HTML, "application/octet-stream", False),
        ("a.pdf", b"%PDF-1.7 " + bytes(40), "application/pdf", False),
        ('茶 "1".png', PNG, "image/png", True),
        ("../../etc/passwd", b"root", "application/octet-stream", False),
    ],
)
def test_a_file_is_what_is_in_it_and_pages_are_never_shown(
    anna: Person, name: str, content: bytes, mime: str, inline: bool
) -> None:
    uploaded = anna.upload(name, content)
    assert (uploaded["mime"], uploaded["size"], uploaded["state"]) == (mime, len(content), "ready")
    with anna.client.get(uploaded["url"]) as response:
        assert response.data == content
        disposition = response.headers["Content-Disposition"]
        assert disposition.startswith("inline" if inline else "attachment")
        assert response.content_type == (mime if inline else "application/octet-stream")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "private" in response.headers["Cache-Control"]
    with anna.client.get(f"{uploaded['url']}?download=1") as response:
        assert response.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(("size", "status"), [(0, 422), (20 * 1024 * 1024, 201), (20 * 1024 * 1024 + 1, 422)])
def test_the_size_of_a_file(anna: Person, size: int, status: int) -> None:
    answer = anna.upload("large.bin", bytes(size), status)
    if status == 422:
        assert answer["errors"][0]["field"] == "file"


def test_an_upload_beyond_all_measure_is_refused_unread(anna: Person) -> None:
    assert anna.upload("huge.bin", bytes(22 * 1024 * 1024), 413)["status"] == 413


def test_an_upload_without_a_file_is_422(anna: Person) -> None:
    response = anna.client.post("/api/v1/attachments", data={"file": "text"})
    assert (response.status_code, response.json["errors"][0]["field"]) == (422, "file")


def test_the_same_picture_is_kept_once(stage: Stage, anna: Person) -> None:
    anna.upload("one.png", PNG)
    anna.upload("two.png", PNG)
    one, two = stage.rows(Attachment)
    assert one.sha256 == two.sha256
    assert not list((stage.app.extensions["data"] / "files").rglob("tmp*"))


def test_a_customers_picture_is_pending_then_ready(stage: Stage, wechat: WeChat) -> None:
    anna = stage.agent()
    wechat.files["m1"] = PNG
    stage.push(channel="desk", MsgType="image", MediaId="m1", PicUrl="")
    stage.do("arrival")
    [pending] = anna.get(THREAD)["items"][0]["attachments"]
    assert (pending["state"], pending["url"]) == ("pending", None)
    anna.get("/attachments/1", 404)
    stage.work()
    [ready] = anna.get(THREAD)["items"][0]["attachments"]
    assert (ready["state"], ready["url"], ready["mime"]) == ("ready", "/api/v1/attachments/1", "image/png")


# the people


def test_a_contact_with_its_addresses_and_conversations(stage: Stage, anna: Person) -> None:
    anna.post("/conversations/1/resolve")
    stage.page(written("again", number=60, at=60))
    stage.work()
    shown = anna.get("/contacts/1")
    assert shown["identities"] == [{"scheme": "pager", "value": "bo", "reachable": True, "channel": "pager"}]
    assert [(each["id"], each["status"]) for each in shown["conversations"]] == [(2, "waiting"), (1, "resolved")]
