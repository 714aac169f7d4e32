"""What a raw mail tells: people, charsets, text, files, and machines that wrote it."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from channels.email.bounces import Bounce, Complaint
from channels.email.headers import Person
from channels.email.parsing import parse
from tests.channels.email.mails import HEAD, mail, multipart, page, part

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def test_the_head_of_a_mail() -> None:
    read = parse(
        mail(
            "hi",
            "Cc: =?gb2312?B?1cXI/Q==?= <zhang3@example.com>, undisclosed: a@b.example;",
            "Reply-To: form@example.com",
            "Delivered-To: help+c1.abc@example.org",
            "Date: Fri, 24 Jun 2023 10:00:00 +0800 (CST)",
            "Message-ID: <one@example.com>",
            "In-Reply-To: <two@example.org> <three@example.org>",
            "References: <zero@example.org>\r\n <two@example.org>",
            subject="=?utf-8?B?5L2g?=\r\n =?utf-8?B?5aW9?= ok",
        )
    )
    assert (read.subject, read.sender, read.to) == (
        "你好 ok",
        Person("Zhang", "zhang@example.com"),
        (Person("", "help@example.org"),),
    )
    assert read.cc == (Person("张三", "zhang3@example.com"), Person("", "a@b.example"))
    assert (read.reply_to, read.delivered_to) == ((Person("", "form@example.com"),), ("help+c1.abc@example.org",))
    assert read.date == datetime(2023, 6, 24, 2, tzinfo=UTC)
    assert (read.message_id, read.in_reply_to) == ("one@example.com", "two@example.org")
    assert read.references == ("zero@example.org", "two@example.org", "three@example.org")


@pytest.mark.parametrize(
    ("given", "person"),
    [
        (b"Doe, John <john@example.com>", Person("Doe, John", "john@example.com")),
        (b'"Doe, John" <john@example.com>', Person("Doe, John", "john@example.com")),
        (b"john@example.com (John Doe)", Person("John Doe", "john@example.com")),
        (b'"=?utf-8?Q?=E5=BC=A0?=" <john@example.com>', Person("张", "john@example.com")),
        (b"=?utf-8?B?5byg?= =?utf-8?Q?=E4=B8=89?= <john@example.com>", Person("张三", "john@example.com")),
        (b"=?utf-8?B?5Q==?= =?utf-8?B?vKA=?= <john@example.com>", Person("张", "john@example.com")),
        (b"=?utf-8?Q?John_=3Cjohn=40example.com=3E?=", Person("John", "john@example.com")),
        ("张三 <john@example.com>".encode("gb18030"), Person("张三", "john@example.com")),
        (b'"a\xe2\x80\xaeb" <john@example.com>', Person("ab", "john@example.com")),
        (b"root", Person("", "root")),
    ],
)
def test_senders(given: bytes, person: Person) -> None:
    assert parse(b"From: " + given + b"\r\nContent-Type: text/plain; charset=gbk\r\n\r\nhi").sender == person


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("gb2312", "镕基，朱".encode("gb18030"), "镕基，朱"),
        ("gbk", "你好，世界，这是".encode(), "你好，世界，这是"),
        ("iso-8859-1", "你好".encode(), "你好"),
        ("utf-8", "您好，请发货".encode("gb18030") * 4, None),
        ("big5", "您好".encode("big5"), "您好"),
        ("us-ascii", "naïve".encode(), "naïve"),
        ("x-unknown-charset", "您好".encode(), "您好"),
        ("utf-8", "您好".encode()[:-1], "您\ufffd"),
        ("ks_c_5601-1987", "안녕".encode("cp949"), "안녕"),
    ],
)
def test_charsets_are_what_clients_mean_by_them(label: str, data: bytes, text: str | None) -> None:
    raw = f"{HEAD}Content-Type: text/plain; charset={label}\r\n\r\n".encode() + data
    assert parse(raw, charset="gb18030").text == (text or "您好，请发货" * 4)


def test_bytes_without_a_label_speak_the_language_of_the_rest() -> None:
    raw = f"{HEAD}Subject: =?gb2312?B?xOO6ww==?=\r\n\r\n".encode() + "您好，请发货".encode("gbk")
    assert parse(raw).text == "您好，请发货"


def test_a_page_names_its_charset_itself() -> None:
    html = '<html><head><meta charset="gb2312"></head><body>您好</body></html>'
    raw = f"{HEAD}Content-Type: text/html\r\n\r\n".encode() + html.encode("gbk")
    assert (parse(raw).html, parse(raw).text) == (html, "您好")


def test_text_stands_beside_its_page_and_the_files_follow() -> None:
    inner = multipart(
        "alternative", part("text/plain", "hi"), part("text/html", "<p>hi</p>"), boundary="=b2", headers=""
    )
    read = parse(
        multipart(
            "mixed",
            inner,
            part("image/png", PNG, "Content-ID: <pic@x>", "Content-Disposition: inline"),
            part(
                "application/octet-stream",
                b"1",
                "Content-Disposition: attachment; filename*0*=gbk''%D5%C5; filename*1=3.doc",
            ),
            part('application/pdf; name="=?utf-8?B?5byg?=.pdf"', b"2"),
            part("text/plain", "3", 'Content-Disposition: attachment; filename="../../etc/\u202epasswd"'),
            part("message/rfc822", "Subject: old one\r\n\r\nolder"),
            part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR"),
        )
    )
    assert (read.text, read.html) == ("hi", "<p>hi</p>")
    assert [(each.name, each.mime, each.size) for each in read.attachments] == [
        ("attachment-1.png", "image/png", len(PNG)),
        ("张3.doc", "application/msword", 1),
        ("张.pdf", "application/pdf", 1),
        ("passwd", "text/plain", 1),
        ("old one.eml", "message/rfc822", len("Subject: old one\r\n\r\nolder")),
        ("invite.ics", "text/calendar", len("BEGIN:VCALENDAR")),
    ]
    assert list(read.inline_images) == ["pic@x"]


def test_text_around_a_file_is_one_text() -> None:
    raw = multipart("mixed", part("text/plain", "before"), part("image/png", PNG), part("text/plain", "after"))
    assert parse(raw).text == "before\n\nafter"


def test_an_svg_is_no_inline_picture() -> None:
    raw = multipart("related", part("text/html", "<p>x</p>"), part("image/svg+xml", b"<svg/>", "Content-ID: <a@b>"))
    assert parse(raw).inline_images == {}


def test_flowed_text_is_joined() -> None:
    kind = "Content-Type: text/plain; format=flowed; delsp=yes; charset=utf-8"
    raw = f"{HEAD}{kind}\r\n\r\n您好， \r\n请发货\r\n> 引 \r\n> 用".encode()
    assert parse(raw).text == "您好，请发货\n> 引用"


def _tnef(*objects: tuple[int, int, bytes]) -> bytes:
    body = b"".join(
        struct.pack("<BHHI", level, name & 0xFFFF, 0, len(data)) + data + b"\0\0" for level, name, data in objects
    )
    return struct.pack("<IH", 0x223E9F78, 1) + body


def test_winmail_is_unpacked() -> None:
    packed = _tnef((2, 0x9002, b"\0" * 14), (2, 0x8010, b"price.txt\0"), (2, 0x800F, b"100"))
    raw = multipart("mixed", part("text/plain", "hi"), part("application/ms-tnef; name=winmail.dat", packed))
    assert [(each.name, each.content) for each in parse(raw).attachments] == [("price.txt", b"100")]


def test_a_winmail_that_lies_stays_a_file() -> None:
    lying = _tnef((1, 0x9003, struct.pack("<IHHI", 0xFFFFFFFF, 0x1002, 0x1000, 0xFFFFFFFF)))
    raw = multipart("mixed", part("application/ms-tnef; name=winmail.dat", lying))
    assert [each.name for each in parse(raw).attachments] == ["winmail.dat"]


def test_signed_and_encrypted_mail_says_so() -> None:
    signed = parse(multipart("signed", part("text/plain", "hi"), part("application/pgp-signature", "x")))
    sealed = parse(
        multipart("encrypted", part("application/pgp-encrypted", "x"), part("application/octet-stream", b"y"))
    )
    assert (signed.text, signed.signed, signed.encrypted) == ("hi", True, False)
    assert (sealed.text, sealed.signed, sealed.encrypted) == ("", False, True)


DAEMON = ("Return-Path: <>", "Auto-Submitted: auto-replied")


def bounced(text: str, *, sender: str, subject: str) -> Bounce | None:
    raw = mail(text, *DAEMON, subject=subject)
    return parse(raw.replace(b"Zhang <zhang@example.com>", sender.encode())).bounce


def test_a_report_is_linked_to_the_mail_it_is_about() -> None:
    status = (
        "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; li@example.net\r\nAction: failed\r\n"
        "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
    )
    raw = multipart(
        "report; report-type=delivery-status",
        part("text/plain", "could not be delivered"),
        part("message/delivery-status", status),
        part("message/rfc822", "Message-ID: <ours@example.org>\r\n\r\nhi"),
    )
    assert parse(raw).bounce == Bounce(
        recipients=("li@example.net",),
        status="5.1.1",
        permanent=True,
        original_message_id="ours@example.org",
        reason="no such address",
        diagnostic="550 5.1.1 User unknown",
    )


def test_a_report_of_success_is_no_bounce() -> None:
    status = (
        "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; li@example.net\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
    )
    assert parse(multipart("report", part("text/plain", "ok"), part("message/delivery-status", status))).bounce is None


@pytest.mark.parametrize(
    ("sender", "subject", "text", "recipients", "permanent", "reason"),
    [
        (
            "MAILER-DAEMON@mx.example.net",
            "failure notice",
            "Hi. This is the qmail-send program.\n\n<li@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
            ("li@example.net",),
            True,
            "no such address",
        ),
        (
            "PostMaster@qq.com",
            "系统退信",
            "很抱歉您发送的邮件被退回\n收件人邮件地址（li@qq.com）不存在，邮件无法送达。",
            ("li@qq.com",),
            True,
            "no such address",
        ),
        (
            "postmaster@aliyun.com",
            "来自postmaster@aliyun.com的退信",
            "抱歉，您的邮件被退回来了\n收件人 li@example.cn\n邮箱已满 552 5.2.2",
            ("li@example.cn",),
            False,
            "mailbox full",
        ),
        (
            "postmaster@example.net",
            "Delayed mail (still being retried)",
            "This is a warning.\nYour message could not be delivered to li@example.net. It will be retried.",
            ("li@example.net",),
            False,
            "not delivered in time",
        ),
    ],
)
def test_reports_in_words(
    sender: str, subject: str, text: str, recipients: tuple[str, ...], permanent: bool, reason: str
) -> None:
    found = bounced(text, sender=sender, subject=subject)
    assert found and (found.recipients, found.permanent, found.reason) == (recipients, permanent, reason)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: delivery failed?", "Why did the delivery fail? <li@example.com> does not exist"),
        ("退信了怎么办", "发给 li@example.com 的邮件被退信了"),
        ("patch", "@@ -727,3 +727,4 @@\n+550 user unknown"),
    ],
)
def test_people_who_write_about_bounces_are_people(subject: str, text: str) -> None:
    assert parse(mail(text, "Return-Path: <zhang@example.com>", subject=subject)).bounce is None


def test_a_complaint_is_no_bounce() -> None:
    raw = multipart(
        "report; report-type=feedback-report",
        part("text/plain", "abuse"),
        part("message/feedback-report", "Feedback-Type: abuse\r\nOriginal-Rcpt-To: <li@example.net>\r\n"),
        part("message/rfc822", "Message-ID: <ours@example.org>\r\n\r\nhi"),
    )
    read = parse(raw)
    assert (read.complaint, read.bounce) == (Complaint("abuse", ("li@example.net",), "ours@example.org"), None)


@pytest.mark.parametrize(
    ("evidence", "subject", "headers", "text"),
    [
        ("header", "hi", ("Auto-Submitted: auto-replied (vacation)",), "hi"),
        ("header", "hi", ("X-Autoreply: yes",), "hi"),
        ("header", "hi", ("Precedence: auto_reply",), "hi"),
        ("subject", "Automatic reply: hi", (), "hi"),
        ("subject", "自动回复：您好", (), "hi"),
        ("text", "hi", (), "这是来自QQ邮箱的假期自动回复邮件。"),
        ("text", "hi", (), "您好，您的邮件已收到，我会尽快回复您。"),
        ("text", "hi", (), "来信已收到！"),
        ("text", "hi", (), "您好，我最近正在休假中，无法亲自回复您的邮件。"),
        ("", "hi", ("Auto-Submitted: no",), "hi"),
        ("", "hi", ("X-Auto-Response-Suppress: All",), "hi"),
        ("", "hi", (), "已收到。"),
        ("", "hi", (), "你好，昨天的邮件收到了，订单号是123，麻烦查一下。"),
        ("", "hi", (), "我下周休假，请尽快发货"),
        ("", "hi", (), "怎么设置自动回复"),
        ("", "hi", (), "您的邮件已收到。" + "但是我还有很多话要说。" * 40),
    ],
)
def test_answers_of_machines(evidence: str, subject: str, headers: tuple[str, ...], text: str) -> None:
    read = parse(mail(text, *headers, subject=subject))
    assert (read.auto_reply_evidence, read.is_auto_reply) == (evidence, bool(evidence))


@pytest.mark.parametrize(
    "header",
    [
        "List-Id: <news.example.com>",
        "List-Unsubscribe: <mailto:x@example.com>",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: OOF",
        "Return-Path: <>",
        "X-Spam-Flag: YES",
    ],
)
def test_no_machine_answers_these(header: str) -> None:
    assert parse(mail("hi")).may_be_answered_by_machine
    assert not parse(mail("hi", header)).may_be_answered_by_machine


def test_a_page_is_read_as_lines() -> None:
    html = "<style>p{}</style><div>一<br>二</div><table><tr><td>三</td><td>四</td></tr></table><ul><li>五</li></ul>"
    assert parse(page(html)).text.split() == ["一", "二", "三", "四", "*", "五"]
