"""Mails made to break a parser: each is read, in time and in little memory."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
import zipfile
from base64 import encodebytes
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.mail import generate
from channels.email.parsing import Mail, parse
from channels.email.sanitising import sanitise
from tests.channels.email.mails import HEAD

TEXT = f"{HEAD}Content-Type: text/plain; charset=utf-8\r\n\r\n".encode()
PAGE = f"{HEAD}Content-Type: text/html; charset=utf-8\r\n\r\n".encode()
MIXED = f"{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n".encode()
REPORT = b"From: MAILER-DAEMON@example.net\r\nReturn-Path: <>\r\nSubject: Undelivered Mail\r\n\r\n"
SECONDS, MEGABYTES = 1.0, 200


def nested(depth: int, content: bytes = b"x") -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (each, each) for each in range(depth)
    )
    return b"From: a@b.example\r\n" + opened + b"\r\n" + content


def coded(kind: str, coding: str, content: bytes) -> bytes:
    return f"{HEAD}Content-Type: {kind}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode() + content


def mails_in_mails(depth: int) -> bytes:
    inner = b"Subject: x\r\n\r\nx"
    for _ in range(depth):
        inner = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encodebytes(inner)
    return inner


def zipped(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(size))
    return file.getvalue()


def winmail(*objects: bytes) -> bytes:
    return b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\0\0" + b"".join(objects)


def labelled(label: bytes) -> bytes:
    return b"--b\r\nContent-Type: text/plain; charset=" + label + b"\r\n\r\n\xe4\xe4\r\n"


LABELS = [
    b"", b"?", b"idna", b"undefined", b"rot13", b"zlib", b"hex", b"base64", b"utf-32", b"unicode_escape", b"\xff",
    b"../../etc", b"a" * 300, b"latin1\0", b"punycode", b"mbcs", b"uu", b"bz2", b"raw_unicode_escape", b"a\tb",
]  # fmt: skip

# The parts of a mail
STRUCTURES: dict[str, Callable[[], bytes]] = {
    "nesting": lambda: nested(50_000),
    "large and nested": lambda: nested(39, b"y\r\n" * 10_000_000),
    "nested of one boundary": lambda: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 20_000,
    "nested and wide": lambda: nested(38, b"--b37\r\n\r\nx\r\n" * 100_000),
    "mails in mails": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 50_000,
    "encoded mails in mails": lambda: mails_in_mails(30),
    "parts": lambda: MIXED + b"--b\r\n\r\nx\r\n" * 200_000,
    "mails of a digest": lambda: MIXED.replace(b"mixed", b"digest") + b"--b\r\n\r\n\r\nx\r\n" * 100_000,
    "alternatives": lambda: MIXED.replace(b"mixed", b"alternative") + b"--b\r\n\r\nx\r\n" * 50_000,
    "dashes as boundary": lambda: MIXED.replace(b"=b", b"=--") + b"-" * 40_000_000,
    "nothing as boundary": lambda: MIXED.replace(b"=b", b'=""') + b"--\r\n" * 500_000,
    "almost boundaries": lambda: MIXED + b"--bb\r\n" * 500_000,
    "a boundary and blanks": lambda: MIXED + b"--b" + b" " * 20_000_000,
    "files": lambda: MIXED + b"--b\r\nContent-Type: application/x\r\n\r\nx\r\n" * 100_000,
    "names": lambda: (
        MIXED + (b'--b\r\nContent-Type: application/x; name="' + b"=?utf-8?q?a?= " * 4_000 + b'"\r\n\r\nx\r\n') * 90
    ),
    "a path as name": lambda: MIXED + b'--b\r\nContent-Type: image/png; name="' + b"../" * 20_000 + b'"\r\n\r\nx',
    "names from the right": lambda: (
        MIXED + ('--b\r\nContent-Type: image/png; name="' + "\u202egpj.exe" * 5_000 + '"\r\n\r\nx\r\n').encode() * 50
    ),
    "pages": lambda: MIXED + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>" * 2_000 + b"\r\n") * 500,
    "large pages": lambda: MIXED + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>" * 90_000 + b"\r\n") * 50,
    "charsets": lambda: MIXED + b"".join(map(labelled, LABELS)) * 50,
}
HEADERS: dict[str, Callable[[], bytes]] = {
    "headers": lambda: b"X-A: 1\r\n" * 1_000_000 + b"\r\nx",
    "broken headers": lambda: b"Subject: x\r\n" + b"abc\r\n" * 50_000 + b"From: a\r\n",
    "a long header": lambda: b"Subject: " + b"x" * 50_000_000,
    "a long type": lambda: b"Content-Type: text/" + b"a" * 1_000_000 + b"\r\n\r\nx",
    "folds": lambda: b"Subject: a\r\n" + b" b\r\n" * 1_000_000 + b"\r\nx",
    "parameters": lambda: (
        b"Content-Type: text/plain;" + b";".join(b"a%d=1" % each for each in range(50_000)) + b"\r\n\r\nx"
    ),
    "quoted parameters": lambda: b'Content-Type: text/plain; a="' + b'\\"' * 30_000 + b"\r\n\r\nx",
    "pieces of a parameter": lambda: (
        b"Content-Type: text/plain" + b"".join(b"; name*%d*=a" % each for each in range(5_000)) + b"\r\n\r\nx"
    ),
    "encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n\r\nx",
    "half encoded words": lambda: b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\r\n\r\nx",
    "unknown charsets": lambda: (
        b"Subject: " + b"".join(b"=?x-%d?q?=E4?= " % each for each in range(50_000)) + b"\r\n\r\nx"
    ),
    "addresses": lambda: b"To: " + b"a@b.example, " * 100_000 + b"\r\n\r\nx",
    "headers of addresses": lambda: b"To: a@b.example, c@d.example\r\n" * 50_000 + b"\r\nx",
    "groups": lambda: b"To: " + b"a:" * 100_000 + b"\r\n\r\nx",
    "brackets": lambda: b"From: " + b"<" * 200_000 + b"\r\n\r\nx",
    "ats": lambda: b"From: " + b"a.@" * 100_000 + b"\r\n\r\nx",
    "comments": lambda: b"From: " + b"(" * 100_000 + b"\r\nTo: " + b"(a\\" * 30_000 + b"\r\n\r\nx",
    "quotation marks": lambda: b"From: " + b'"\\' * 50_000 + b"\r\n\r\nx",
    "marks of direction": lambda: b'From: "' + "\u202e".encode() * 5_000 + b'" <a@b.example>\r\n\r\nx',
    "references": lambda: b"References: " + b"<" * 100_000 + b"\r\n\r\nx",
    "a subject of holidays": lambda: b"Subject: " + b"absent " * 8_000 + b"\r\n\r\nx",
    "a subject of reports": lambda: b"Return-Path: <>\r\nSubject: " + b"delivery " * 7_000 + b"\r\n\r\nx",
    "a sender of reports": lambda: b"From: " + b"bounces-" * 4_000 + b"\r\n\r\nx",
}
BYTES: dict[str, Callable[[], bytes]] = {
    "100 MB": lambda: TEXT + b"x" * 100_000_000,
    "50 MB of Chinese": lambda: TEXT + "您好，请发货。\n".encode() * 2_300_000,
    "50 MB of smileys": lambda: TEXT + "😀".encode() * 12_000_000,
    "empty lines": lambda: TEXT + b"\n" * 40_000_000,
    "old line ends": lambda: b"Subject: x\r\r\r" + b"\r" * 5_000_000,
    "base64": lambda: coded("application/pdf", "base64", encodebytes(bytes(30_000_000))),
    "base64 that is none": lambda: coded("text/plain", "base64", b"!@#$ " * 5_000_000),
    "base64 of paddings": lambda: coded("text/plain", "base64", b"QQ==" * 5_000_000),
    "quoted-printable": lambda: coded("text/plain", "quoted-printable", b"=41" * 5_000_000),
    "quoted-printable of nothing": lambda: coded("text/plain", "quoted-printable", b"=\r\n" * 5_000_000),
    "quoted-printable that is none": lambda: coded("text/plain", "quoted-printable", b"=" * 10_000_000),
    "uuencoded": lambda: coded("text/plain", "x-uuencode", b"begin 644 a\r\n" + b"M" * 10_000_000),
    "uuencoded lines": lambda: coded(
        "text/plain", "x-uuencode", b"begin 644 a\n" + (b"M" + b"A" * 60 + b"\n") * 200_000
    ),
    "uuencoded badly": lambda: coded("text/plain", "x-uuencode", b"begin 644 a\n" + b"\xff\xff\n" * 300_000),
    "yEnc": lambda: TEXT + b"=ybegin line=128 size=5 name=a\r\n" + bytes(range(256)) * 20_000,
    "a zip bomb": lambda: coded("application/zip; name=a.zip", "base64", encodebytes(zipped(50_000_000))),
    "NUL": lambda: b"\0" * 1_000_000,
    "bytes": lambda: TEXT.replace(b"utf-8", b"gb2312") + b"\xff" * 1_000_000,
    "half characters": lambda: TEXT.replace(b"utf-8", b"gb2312") + b"\x81\x30\x81" * 700_000,
    "no charset": lambda: b"From: a\r\n\r\n" + bytes(range(128, 256)) * 8_000,
    "accents without a charset": lambda: b"From: a\r\n\r\n" + b"\xe4\xf6\xfc " * 1_000_000,
    "half of a pair": lambda: TEXT.replace(b"utf-8", b"utf-7") + b"+2AA-" * 10,
    "halves of pairs": lambda: TEXT.replace(b"utf-8", b"utf-16-le") + b"\x00\xd8" * 500_000,
    "halves in UTF-8": lambda: TEXT + b"\xed\xa0\x80" * 500_000,
    "shifts": lambda: TEXT.replace(b"utf-8", b"hz-gb-2312") + b"~{" * 1_000_000,
    "escapes": lambda: b"From: a\r\n\r\n" + b"\x1b$B" * 1_000_000,
    "winmail": lambda: winmail(b"\x02\x03\x90\0\0\0\0\0\0\0\0" * 1_000_000),
    "winmail of values": lambda: winmail(
        b"\x01\x03\x90\0\0", struct.pack("<IIHHI", 4_000_000, 100_000, 0x1003, 0x10, 900_000), b"\1" * 3_900_000
    ),
    "winmail of chance": lambda: winmail(Random(1).randbytes(3_000_000)),
}
TEXTS: dict[str, Callable[[], bytes]] = {
    "On On On": lambda: TEXT + b"On " * 16_000_000,
    "On lines": lambda: TEXT + b"On Mon, 1 Jan 2020 at 10:00, a@b.example\n" * 20_000,
    "wrote": lambda: TEXT + b"On x wrote\n" * 5_000,
    "long attributions": lambda: TEXT + (b"On 10:00 a@b.example " * 90 + b":\n") * 1_000,
    "verbs": lambda: TEXT + (b"wrote " * 300 + b":\n") * 1_000,
    "dates": lambda: TEXT + (b"1/" * 990 + b":\n") * 1_000,
    "introductions": lambda: TEXT + (b"a@" * 900 + b":\n> x\n") * 500,
    "attributions": lambda: TEXT + "在 2020年1月1日 10:00，李 写道：\n".encode() * 20_000,
    "dashes": lambda: TEXT + b"-" * 200_000,
    "lines of dashes": lambda: TEXT + (b"-" * 1_990 + b"\n") * 33,
    "dashed words": lambda: TEXT + b"- Original " * 6_000,
    "more dashed words": lambda: TEXT + (b"-- Original " * 160 + b"\n") * 500,
    "From lines": lambda: TEXT + b"From:\n" * 100_000,
    "stars": lambda: TEXT + (b"*" * 1_900 + b"From:\n") * 1_000,
    "senders": lambda: TEXT + "发件人：\n".encode() * 8_000,
    "heads": lambda: TEXT + "发件人: a\n主题: b\n".encode() * 30_000,
    "spaced labels": lambda: TEXT + ("发 " * 900 + "：\n").encode() * 1_000,
    "quoted lines": lambda: TEXT + b"> a\nb\n" * 20_000,
    "quotes in quotes": lambda: TEXT + b"".join(b">" * each + b"x\n" for each in range(1_000)),
    "bars": lambda: TEXT + b"| |\n|\n" * 20_000,
    "devices": lambda: TEXT + ("从" + "a" * 1_900 + "\n").encode() * 1_000,
    "footers": lambda: TEXT + (b"This message " * 150 + b"\n") * 1_000,
    "signatures": lambda: TEXT + b"-- \n" * 20_000,
    "tags of addresses": lambda: TEXT + (b"</a@b.example>" * 140 + b"\n") * 1_000,
    "flowed": lambda: TEXT.replace(b"utf-8", b"utf-8; format=flowed") + b"a \n" * 1_000_000,
    "enriched": lambda: TEXT.replace(b"plain", b"enriched") + b"<a," * 300_000,
    "report lines": lambda: REPORT + b"550 user unknown <a@b.example>\n" * 100_000,
    "report words": lambda: REPORT + b"user " * 200_000,
    "report blanks": lambda: REPORT + b"\n" * 200_000,
    "report ats": lambda: REPORT + b"a@" + b"a." * 100_000,
    "report identifiers": lambda: REPORT + b"Message-ID: <" * 20_000,
    "nested report": lambda: REPORT.replace(b"\r\n\r\n", b"\r\n") + nested(2_000),
    "report fields": lambda: (
        b"From: MAILER-DAEMON@x\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + b"Final-Recipient: rfc822; a@b.c\nAction: failed\n\n"
        * 50_000
    ),
}
PAGES: dict[str, Callable[[], bytes]] = {
    "divs": lambda: PAGE + b"<div>" * 100_000,
    "paragraphs": lambda: PAGE + b"<p>" * 340_000,
    "bold": lambda: PAGE + b"<b>" * 100_000,
    "misnested": lambda: PAGE + (b"<b><i><u>" + b"<p>x" * 5) * 10_000,
    "lists": lambda: PAGE + b"<ul><li>" * 100_000,
    "tables": lambda: PAGE + b"<table><tr><td>" * 50_000,
    "wide tables": lambda: PAGE + b"<table><tr><td>" + b"w" * 100_000 + b"<tr><td>x" * 5_000,
    "entities": lambda: PAGE + b"&" * 1_000_000,
    "entities without end": lambda: PAGE + b"&notit" * 49_000,
    "numbers as entities": lambda: PAGE + b"&#x110000;" * 40_000,
    "brackets in a page": lambda: PAGE + b"<" * 1_000_000,
    "tags without end": lambda: PAGE + b"<a" * 500_000,
    "values without end": lambda: PAGE + b'<a "' * 250_000,
    "attributes": lambda: PAGE + b"<a " + b" ".join(b"a%d=1" % each for each in range(60_000)),
    "slashes": lambda: PAGE + b"<a" + b"".join(b"/a%d" % each for each in range(100_000)),
    "remarks": lambda: PAGE + b"<!--" * 250_000,
    "scripts": lambda: PAGE + b"<script>" * 120_000,
    "styles": lambda: PAGE + b"<style>" * 100_000,
    "rules": lambda: PAGE + b"<style>" + b"a{b:c}" * 160_000 + b"</style>",
    "looks": lambda: PAGE + (b'<p style="' + b"color:red;" * 90 + b'">x</p>') * 1_000,
    "a look": lambda: PAGE + b'<p style="' + b"a:url(" * 100_000 + b'">x</p>',
    "unseen": lambda: PAGE + b'<div style="display:none">' * 40_000,
    "cited": lambda: PAGE + b'<blockquote type="cite">' * 40_000,
    "quoted": lambda: PAGE + b'<div class="gmail_quote"><blockquote class="gmail_quote">x</blockquote></div>' * 13_000,
    "drawings": lambda: PAGE + b"<svg><g>" * 60_000,
    "formulas": lambda: PAGE + b"<math><mtext><table><mglyph><style><!--</style><img src=x>" * 15_000,
    "links": lambda: PAGE + b'<a href="http://e.example/">x</a>' * 30_000,
    "a picture": lambda: PAGE + b'<img src="data:image/png;base64,' + b"A" * 900_000 + b'">',
}
HOSTILE = {**STRUCTURES, **HEADERS, **BYTES, **TEXTS, **PAGES}
BIG = (
    "large and nested", "dashes as boundary", "a boundary and blanks", "large pages", "a long header", "100 MB",
    "50 MB of Chinese", "50 MB of smileys", "empty lines", "base64", "base64 that is none", "quoted-printable",
    "uuencoded", "On On On",
)  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_costs_little_time(make: Callable[[], bytes]) -> None:
    raw = make()
    started = time.process_time()
    read = parse(raw)
    if read.html:
        sanitise(read.html)
    assert time.process_time() - started < SECONDS
    _is_storable(read)


# Says by how many megabytes the process grew, in one that holds nothing else
GROWTH = """
import resource, sys
from channels.email.parsing import parse
raw = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
parse(raw)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize("name", BIG)
def test_a_large_mail_costs_little_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(HOSTILE[name]())
    grown = subprocess.run([sys.executable, "-c", GROWTH, tmp_path / "raw"], capture_output=True, text=True, check=True)
    assert float(grown.stdout) < MEGABYTES


def _is_storable(read: Mail) -> None:
    for value in (
        read.subject,
        read.text,
        read.html,
        read.reply_text,
        read.sender.name,
        *(each.name for each in read.attachments),
    ):
        value.encode()
        assert "\0" not in value
    assert bool(read.reply_text.strip()) == bool(read.text.strip())


WORDS = st.sampled_from(
    [
        b"From: ",
        b"Subject: ",
        b"To: a@b, ",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"multipart/report",
        b"text/html",
        b"message/rfc822",
        b"message/delivery-status",
        b"application/ms-tnef",
        b"charset=",
        b"utf-7",
        b"gb2312",
        b"hz",
        b"\r\n",
        b"\r\n\r\n",
        b"--b",
        b"--b--",
        b"\n",
        b"=?utf-8?B?",
        b"?=",
        b"=?gbk?q?=D5",
        b"Content-Transfer-Encoding: ",
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"begin 644 a\n",
        b"MAILER-DAEMON@x",
        b"Return-Path: <>",
        b"> ",
        "发件人：".encode(),
        "写道：".encode(),
        b"<div class=gmail_quote>",
        b"<p>",
        b"</",
        b"&nbsp;",
        b"filename*0*=",
        b"\xff",
        b"\0",
        b"550 5.1.1 a@b.c",
        b"On 1/1/2020 a wrote:",
        b"Content-Disposition: attachment; ",
        b"Date: ",
        b"Final-Recipient: ",
        b"Action: failed",
        b"References: <",
        b"<",
        b">",
        b'"',
        b"(",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.lists(st.one_of(WORDS, st.binary(max_size=8)), max_size=60).map(b"".join)))
def test_nothing_makes_parse_raise(raw: bytes) -> None:
    _is_storable(parse(raw))


SAMPLES = [raw for _, raw in generate(200) if len(raw) < 20_000]
# What happens to bytes on their way: lost, repeated, exchanged, or one of them changed
DAMAGE = st.tuples(
    st.sampled_from(["cut", "repeat", "swap", "flip", "insert"]),
    st.integers(0, 20_000),
    st.integers(1, 600),
    st.one_of(WORDS, st.binary(min_size=1, max_size=4)),
)


def damaged(raw: bytes, kind: str, place: int, length: int, what: bytes) -> bytes:
    place %= max(1, len(raw))
    before, piece, after = raw[:place], raw[place : place + length], raw[place + length :]
    match kind:
        case "cut":
            return before + after
        case "repeat":
            return before + piece * 3 + after
        case "swap":
            return after + piece + before
        case "flip":
            return before + bytes(each ^ what[0] for each in piece[:8]) + piece[8:] + after
    return before + what + piece + after


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(DAMAGE, min_size=1, max_size=8))
def test_a_damaged_mail_is_read(raw: bytes, damages: list[tuple[str, int, int, bytes]]) -> None:
    for damage in damages:
        raw = damaged(raw, *damage)
    read = parse(raw)
    _is_storable(read)
    if read.html:
        sanitise(read.html)
