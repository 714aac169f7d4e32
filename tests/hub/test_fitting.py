"""A reply is cut to what the channel can carry, and nothing of it is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, strategies

from channels.contract import Capabilities, Card, Link, MediaLimit
from hub.models import Attachment
from hub.refusals import Refusal
from hub.services.fitting import Content, Part, fit, split

PICTURES = Capabilities(
    text_bytes=20, media={"image": MediaLimit(100, frozenset({"image/png"}))}, links=True, cards=True
)
PLAIN = Capabilities(text_bytes=20)


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 10, []),
        (" \n\t ", 10, []),
        ("  hello  ", 10, ["hello"]),
        ("hello", None, ["hello"]),
        ("hello world", 5, ["hello", "world"]),
        ("hello world", 8, ["hello", "world"]),
        ("helloworld", 4, ["hell", "owor", "ld"]),
        ("驿站驿站", 6, ["驿站", "驿站"]),
        ("驿站驿站", 7, ["驿站", "驿站"]),  # a character is never cut in two
        ("👨‍👩‍👧", 4, ["👨", "\u200d", "👩", "\u200d", "👧"]),
        ("一二三。四五六", 15, ["一二三。", "四五六"]),
        ("one. two three", 12, ["one. two", "three"]),
        ("line one\nline two", 12, ["line one", "line two"]),
    ],
)
def test_texts_are_cut_at_a_line_a_sentence_or_a_space(text: str, limit: int | None, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


@given(strategies.text(max_size=300), strategies.integers(4, 60))
@example("a" + " " * 100 + "b", 4)
@example("\u3000驿\u2003站", 4)
@example("\x1c0\x1c", 4)
def test_pieces_fit_and_only_white_space_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < len(piece.encode()) <= limit for piece in pieces)
    assert "".join(re.sub(r"\s", "", piece) for piece in pieces) == re.sub(r"\s", "", text)
    assert not any(piece.isspace() for piece in pieces)


def test_wechats_limit_counts_bytes() -> None:
    pieces = split("驿" * 1300, 1800)
    assert [len(piece.encode()) for piece in pieces] == [1800, 1800, 300]


def attachment(medium: str = "image", mime: str = "image/png", size: int = 100) -> Attachment:
    return Attachment(medium=medium, mime=mime, size=size, name="a.png")


def test_text_comes_first_then_files_then_link_and_card() -> None:
    picture, cover = attachment(), attachment()
    content = Content(
        text="hello", attachments=(picture,), link=Link("t", "http://a"), card=Card("c", "p"), cover=cover
    )
    assert fit(content, PICTURES) == [
        Part(text="hello"),
        Part(attachment=picture),
        Part(payload={"link": {"title": "t", "url": "http://a", "description": "", "image_url": ""}}),
        Part(payload={"card": {"title": "c", "path": "p"}}, attachment=cover),
    ]


def test_a_link_is_text_where_the_channel_has_no_boxes() -> None:
    assert fit(Content(link=Link("Tea", "http://a.b/c")), PLAIN) == [Part(text="Tea\nhttp://a.b/c")]


def test_a_link_longer_than_a_text_may_be_is_cut_too() -> None:
    parts = fit(Content(link=Link("Tea", "http://a.b/" + "c" * 20)), PLAIN)
    assert [part.text for part in parts] == ["Tea\nhttp://a.b/ccccc", "c" * 15]


@pytest.mark.parametrize(
    ("content", "capabilities", "code"),
    [
        (Content(), PICTURES, "empty"),
        (Content(text="  "), PICTURES, "empty"),
        (Content(attachments=(attachment(),)), PLAIN, "cannot_carry"),
        (Content(attachments=(attachment("file", "application/pdf"),)), PICTURES, "cannot_carry"),
        (Content(attachments=(attachment(mime="image/webp"),)), PICTURES, "cannot_carry"),
        (Content(attachments=(attachment(size=101),)), PICTURES, "too_large"),
        (Content(card=Card("c", "p")), PLAIN, "cannot_carry"),
        (Content(card=Card("c", "p"), cover=attachment(size=101)), PICTURES, "too_large"),
    ],
)
def test_what_the_channel_cannot_carry_is_refused(content: Content, capabilities: Capabilities, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        fit(content, capabilities)
    assert refusal.value.code == code
