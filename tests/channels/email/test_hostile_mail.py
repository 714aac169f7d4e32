"""Mails made to break a parser: each is read, in time and in little memory."""

from __future__ import annotations

import resource
import time
from base64 import encodebytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


HOSTILE = {
    "nesting": nested(50_000),
    "large and nested": nested(39, b"y\r\n" * 10_000_000),
    "mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "parts": MIXED + b"--b\r\n\r\nx\r\n" * 200_000,
    "dashes as boundary": MIXED.replace(b"=b", b"=--") + b"-" * 40_000_000,
    "files": MIXED + b"--b\r\nContent-Type: application/x\r\n\r\nx\r\n" * 100_000,
    "pages": MIXED + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>" * 2000 + b"\r\n") * 500,
    "parameters": b"Content-Type: text/plain;" + b";".join(b"a%d=1" % each for each in range(50_000)) + b"\r\n\r\nx",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n\r\nx",
    "half encoded words": b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\r\n\r\nx",
    "addresses": b"To: " + b"a@b.example, " * 100_000 + b"\r\n\r\nx",
    "comments": b"From: " + b"(" * 100_000 + b"\r\nTo: " + b"(a\\" * 30_000 + b"\r\n\r\nx",
    "quotation marks": b"From: " + b'"\\' * 50_000 + b"\r\n\r\nx",
    "references": b"References: " + b"<" * 100_000 + b"\r\n\r\nx",
    "headers": b"X-A: 1\r\n" * 1_000_000 + b"\r\nx",
    "a long header": b"Subject: " + b"x" * 50_000_000,
    "100 MB": TEXT + b"x" * 100_000_000,
    "empty lines": TEXT + b"\n" * 40_000_000,
    "base64": b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + encodebytes(bytes(30_000_000)),
    "On On On": TEXT + b"On " * 33_000,
    "wrote": TEXT + b"On x wrote\n" * 5_000,
    "dashes": TEXT + (b"-" * 1990 + b"\n") * 33,
    "dashed words": TEXT + b"- Original " * 6_000,
    "From lines": TEXT + b"From:\n" * 20_000,
    "quoted lines": TEXT + b"> a\nb\n" * 20_000,
    "senders": TEXT + "发件人：\n".encode() * 8_000,
    "flowed": TEXT.replace(b"utf-8", b"utf-8; format=flowed") + b"a \n" * 1_000_000,
    "divs": PAGE + b"<div>" * 100_000,
    "entities": PAGE + b"&" * 1_000_000,
    "attributes": PAGE + b"<a " + b" ".join(b"a%d=1" % each for each in range(60_000)),
    "slashes": PAGE + b"<a" + b"".join(b"/a%d" % each for each in range(100_000)),
    "tables": PAGE + b"<table><tr><td>" * 50_000,
    "wide tables": PAGE + b"<table><tr><td>" + b"w" * 100_000 + b"<tr><td>x" * 5_000,
    "styles": PAGE + b"<style>" * 100_000,
    "report lines": REPORT + b"550 user unknown <a@b.example>\n" * 100_000,
    "report words": REPORT + b"user " * 200_000,
    "nested report": REPORT.replace(b"\r\n\r\n", b"\r\n") + nested(2_000),
    "NUL": b"\0" * 1_000_000,
    "bytes": TEXT.replace(b"utf-8", b"gb2312") + b"\xff" * 1_000_000,
    "no charset": b"From: a\r\n\r\n" + bytes(range(128, 256)) * 8_000,
    "half of a pair": TEXT.replace(b"utf-8", b"utf-7") + b"+2AA-" * 10,
    "winmail": b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\0\0"
    + b"\x02\x03\x90\0\0\0\0\0\0\0\0" * 1_000_000,
    "uuencoded": b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n" + b"M" * 10_000_000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_costs_little(raw: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    read = parse(raw)
    if read.html:
        sanitise(read.html)
    assert time.process_time() - started < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES
    _is_storable(read)


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
