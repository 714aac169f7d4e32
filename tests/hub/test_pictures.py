"""How large a picture is, is known from the moment its bytes are here, whoever they come from."""

from __future__ import annotations

from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from struct import pack
from time import perf_counter

import pytest
from hypothesis import given, strategies

from channels.contract import Attachment as Inbound
from channels.contract import File
from hub import pictures
from hub.models import Attachment
from tests.e2e.hostile import SVG
from tests.pager import Pager
from tests.pictures import XMP, exif, photo, png, segment
from tests.stage import PNG, Stage, WeChat, written

MB = 1024 * 1024
UNKNOWN = (None, None)


def jpeg(width: int, height: int, *segments: bytes) -> bytes:
    frame = segment(0xC0, pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0")
    return b"\xff\xd8" + b"".join(segments) + frame + b"\xff\xda"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + pack("<HHBBB", width, height, 0, 0, 0) + b";"


def bmp(width: int, height: int) -> bytes:
    return b"BM" + pack("<LHHL", 54, 0, 0, 54) + pack("<LllHH", 40, width, height, 1, 24) + bytes(24)


def webp(form: bytes, content: bytes) -> bytes:
    chunk = form + pack("<L", len(content)) + content
    return b"RIFF" + pack("<L", len(chunk) + 4) + b"WEBP" + chunk


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + pack("<L", (width - 1) | (height - 1) << 14) + bytes(8))


def animated(width: int, height: int) -> bytes:
    return webp(b"VP8X", bytes(4) + pack("<L", width - 1)[:3] + pack("<L", height - 1)[:3])


LOSSY = webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + pack("<HH", 640, 480) + bytes(8))


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (png(60, 40), (60, 40)),
        (png(60, 40)[:33], (60, 40)),  # the rest never came
        (png(60, 40)[:20], UNKNOWN),
        (png(65_535, 1), (65_535, 1)),
        (png(1_000_000, 1), UNKNOWN),
        (b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", 0, 0) + bytes(9), UNKNOWN),
        (b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", 2**32 - 1, 2**32 - 1) + bytes(9), UNKNOWN),
        (PNG, UNKNOWN),
        (photo(40, 30), (40, 30)),
        (photo(40, 30, exif(6)), (30, 40)),
        (jpeg(4032, 3024), (4032, 3024)),
        (jpeg(4032, 3024, exif(1)), (4032, 3024)),
        (jpeg(4032, 3024, exif(3)), (4032, 3024)),
        (jpeg(4032, 3024, exif(6)), (3024, 4032)),
        (jpeg(4032, 3024, exif(8, "<")), (3024, 4032)),
        (jpeg(4032, 3024, exif(6000)), (4032, 3024)),
        (jpeg(4032, 3024, XMP, XMP, exif(6)), (3024, 4032)),
        (jpeg(4032, 3024, *[XMP] * 20), UNKNOWN),  # nobody reads that far
        (jpeg(0, 0), UNKNOWN),
        (jpeg(4032, 3024)[:9], UNKNOWN),
        (gif(16, 16), (16, 16)),
        (gif(0, 16), UNKNOWN),
        (b"GIF89a", UNKNOWN),
        (LOSSY, (640, 480)),
        (lossless(300, 200), (300, 200)),
        (animated(512, 512), (512, 512)),
        (animated(2**24, 1), UNKNOWN),
        (LOSSY[:20], UNKNOWN),
        (bmp(32, 16), (32, 16)),
        (bmp(32, -16), (32, 16)),  # from the top down
        (bmp(-32, 16), UNKNOWN),
        (b"BM", UNKNOWN),
        (SVG.replace(b"<svg", b'<svg width="60" height="40"'), UNKNOWN),  # no picture to us
        (b'<?xml version="1.0"?>' + SVG, UNKNOWN),
        (b"P6 60 40 255 ", UNKNOWN),
        (b"%PDF-1.4", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_its_first_bytes_tell(content: bytes, size: tuple[int | None, int | None]) -> None:
    assert pictures.size(content) == size


BEGINNINGS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ", b"BM"]


@given(strategies.sampled_from(BEGINNINGS), strategies.binary(max_size=200))
def test_whatever_comes_nothing_is_raised(beginning: bytes, rest: bytes) -> None:
    size = pictures.size(beginning + rest)
    assert size == UNKNOWN or all(0 < side <= 65_535 for side in size if side is not None)


@pytest.mark.parametrize(
    "rest",
    [bytes(20 * MB), b"\xff" * 20 * MB, b"\xff\xd0" * 10 * MB, b"\xff\xe1\0\2" * 5 * MB, exif(0) * MB],
    ids=["nothing", "fill bytes", "restarts", "empty segments", "nothing said of the camera"],
)
def test_a_maze_is_left_soon(rest: bytes) -> None:
    began = perf_counter()
    assert pictures.size(b"\xff\xd8\xff\xd8" + rest) == UNKNOWN
    assert perf_counter() - began < 2


def by_wechat(stage: Stage, wechat: WeChat, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    wechat.files["m1"] = content
    stage.push(channel="desk", MsgType="image", MediaId="m1", PicUrl="")


def by_mail(stage: Stage, wechat: WeChat, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    stage.mail(letter(content, "attachment"))


def in_a_mail(stage: Stage, wechat: WeChat, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    stage.mail(letter(content, "inline"))


def by_a_phone(stage: Stage, wechat: WeChat, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(Pager, "fetch", lambda self, wanted: File("photo", "image/jpeg", content))
    stage.page(written("", kind="image", attachments=(Inbound("image", "one"),)))


def letter(content: bytes, disposition: str) -> bytes:
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"], made["Subject"], made["Message-ID"] = "li@x.test", "support@shop.test", "S", "<1@x.test>"
    made.set_content("look")
    if disposition == "attachment":
        made.add_attachment(content, "image", "jpeg", filename="photo.jpg")
    else:
        made.add_alternative('<p>look <img src="cid:one">', subtype="html")
        page = made.get_payload()[1]  # type: ignore[index]
        page.add_related(content, "image", "jpeg", cid="<one>", filename="photo.jpg")  # type: ignore[union-attr]
    return made.as_bytes()


Arrives = Callable[[Stage, WeChat, pytest.MonkeyPatch, bytes], None]


@pytest.mark.parametrize("arrives", [by_wechat, by_mail, in_a_mail, by_a_phone])
def test_what_customers_send_has_its_size_until_it_is_erased(
    stage: Stage, wechat: WeChat, monkeypatch: pytest.MonkeyPatch, arrives: Arrives
) -> None:
    boss = stage.agent(role="supervisor")
    arrives(stage, wechat, monkeypatch, jpeg(4032, 3024, exif(6)))
    stage.do("arrival")
    [waiting] = stage.rows(Attachment, Attachment.medium == "image")
    assert (waiting.state, waiting.width, waiting.height) == ("pending", None, None)
    stage.work()
    messages = boss.get("/conversations/1/messages")["items"]
    [shown] = [each for message in messages for each in message["attachments"]]
    assert (shown["mime"], shown["width"], shown["height"]) == ("image/jpeg", 3024, 4032)
    boss.post("/contacts/1/erase")
    assert {(row.state, row.width, row.height) for row in stage.rows(Attachment)} == {("failed", None, None)}


@pytest.mark.parametrize(
    ("name", "content", "size"),
    [
        ("sticker.png", png(60, 40), (60, 40)),
        ("photo.jpg", jpeg(4032, 3024, exif(6)), (3024, 4032)),
        ("liar.png", png(1_000_000, 1), UNKNOWN),
        ("drawing.svg", SVG, UNKNOWN),
        ("paper.pdf", b"%PDF-1.4", UNKNOWN),
    ],
)
def test_what_agents_upload_has_its_size(
    stage: Stage, name: str, content: bytes, size: tuple[int | None, int | None]
) -> None:
    uploaded = stage.agent().upload(name, content)
    assert (uploaded["width"], uploaded["height"]) == size
