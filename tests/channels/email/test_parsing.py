"""What a raw mail tells: people, charsets, text, files, and machines that wrote it."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

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
        (b"=?utf-8?q?=22Li_Lei=22?= <li@example.com>", Person("Li Lei", "li@example.com")),
        (
            b"=?iso-8859-1?Q?J=F6rg?= =?iso-8859-1?Q?_M=FCller?= <li@example.com>",
            Person("Jörg Müller", "li@example.com"),
        ),
        (b"(Li Lei) li@example.com", Person("Li Lei", "li@example.com")),
        (b"Li Lei [mailto:li@example.com]", Person("Li Lei", "li@example.com")),
        (b"Li Lei <li@example.com", Person("Li Lei", "li@example.com")),
        (b"Li Lei <<li@example.com>>", Person("Li Lei", "li@example.com")),
        (b'"Li Lei <li@example.com>"', Person("Li Lei", "li@example.com")),
        (b'"Li\\"Lei\\"" <li@example.com>', Person('Li"Lei"', "li@example.com")),
        (b"Li; Lei <li@example.com>", Person("Li; Lei", "li@example.com")),
        (b'Li <"li lei"@example.com>', Person("Li", '"li lei"@example.com')),
        (b"<@a.example,@b.example:li@example.com>", Person("", "li@example.com")),
        (b"Friends: li@example.com, wang@example.com;", Person("", "li@example.com")),
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


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gb18030", "您好"),
        ("gb18030", "请问什么时候能到？订单号 20230305"),
        ("gb18030", "hello 王小明，file 在附件里"),
        ("big5", "您好"),
        ("big5", "請問什麼時候出貨？訂單編號 123"),
        ("cp949", "감사합니다"),
        ("cp949", "환불을 요청합니다"),
        ("cp932", "お世話になっております。"),
        ("euc-jp", "返金をお願いします"),
        ("koi8-r", "Спасибо за помощь"),
        ("cp1251", "Здравствуйте, мой заказ ещё не пришёл."),
        ("cp1252", "déjà reçu, merci à vous"),
        ("cp1252", "Größe"),
        ("cp1250", "Dziękuję, paczka dotarła później"),
    ],
)
def test_few_bytes_without_a_label_tell_their_charset(charset: str, text: str) -> None:
    assert parse(f"{HEAD}\r\n".encode() + text.encode(charset)).text == text


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


def test_a_boundary_that_the_head_does_not_tell_is_found() -> None:
    raw = multipart("mixed", part("text/plain", "hi"), part("application/x; name=a", "1"))
    read = parse(raw.replace(b'boundary="=b1"', b"boundary=other"))
    assert (read.text, [each.name for each in read.attachments]) == ("hi", ["a"])


def test_broken_lines_between_headers_are_passed_over() -> None:
    read = parse(b"From: a@b.example\r\nbroken\r\nSubject: x\r\nbroken\r\nX-A: 1\r\n\r\nhi")
    assert (read.subject, read.text) == ("x", "hi")


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


LI = "li@example.net"
GONE, FULL, HOST, LATE = "no such address", "mailbox full", "no such host", "not delivered in time"
# As mail servers put it: (sender, subject, text), whether the address is dead, and why
REPORTS = [
    (
        (
            "Mail Delivery System <Mailer-Daemon@mx.example>",
            "Mail delivery failed: returning message to sender",
            "A message that you sent could not be delivered. The following address(es) failed:\n\n"
            f"  {LI}\n    Unrouteable address\n\n------ This is a copy of the message. ------\n\nMessage-ID: <a@b>",
        ),
        True,
        GONE,
    ),
    (
        (
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
            "Warning: could not send message for past 4 hours",
            "THIS IS A WARNING MESSAGE ONLY\n   ----- The following addresses had transient non-fatal errors -----\n"
            f"<{LI}>\n\n<{LI}>... Deferred: Connection timed out\nWill keep trying until message is 5 days old",
        ),
        False,
        LATE,
    ),
    (("MAILER-DAEMON@mx.example", "failure notice", f"<{LI}>:\nUser is over the quota. (#5.2.2)"), False, FULL),
    (
        (
            "System Administrator <postmaster@mx.example>",
            "Undeliverable: hi",
            f"did not reach the following recipient(s):\n\n{LI} on Wed\n    The recipient name is not recognized\n"
            "    MSEXCH:IMS:Example 0 (000C05A6) Unknown Recipient",
        ),
        True,
        GONE,
    ),
    (
        (
            "Mail Router <MAILER-DAEMON@notes.example>",
            "Undeliverable message",
            f"------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\n{LI}\n\n"
            "------- Returned Message --------\n\nMessage-ID: <a@b>",
        ),
        True,
        GONE,
    ),
    (
        ("Mailer-Daemon@gw.example", "Message status - undeliverable", f"undeliverable to:\n\t{LI} (user not found)"),
        True,
        GONE,
    ),
    (
        (
            "postmaster@mx.example",
            "[BOUNCE]",
            f"I was unable to deliver your message.\n\nFailed recipient(s):\n{LI}\n\nError message:\n550 User unknown",
        ),
        True,
        GONE,
    ),
    (
        (
            "postmaster@mx.example",
            'Undeliverable Mail: "hi"',
            "Your message:\n   From:    help@example.org\n\nCould not be delivered because of\n\n550 User unknown\n\n"
            f"The following recipients were affected: \n   {LI}",
        ),
        True,
        GONE,
    ),
    (("MAILER-DAEMON@yahoo.example", "Failure Notice", f"<{LI}>:\n554: This user doesn't have an account"), True, GONE),
    (
        (
            "PostMaster@qq.com",
            "来自qq.com的退信",
            f"您的邮件没有发送成功\n收件人（{LI}）所属域名不存在，邮件无法送达。",
        ),
        True,
        HOST,
    ),
    (
        ("Postmaster@163.com", "系统退信/Systems bounce", f"收件人：{LI}\n退信原因：对方邮箱已满\n552 quota exceeded"),
        False,
        FULL,
    ),
    (("MAILER-DAEMON@sina.com", "系统退信", f"您发往{LI}的邮件投递失败。\n原因：用户不存在"), True, GONE),
    (
        ("postmaster@mx.example", "系统退信", f"您发给 {LI} 的邮件被退回。\n错误信息：550 5.1.1 User not exist"),
        True,
        GONE,
    ),
    (("postmaster@mx.example", "無法傳遞: hi", f"您的郵件無法傳遞給下列收件者:\n{LI}\n550 5.1.1 查無此人"), True, GONE),
    (
        (
            "postmaster@mx.example",
            "Unzustellbar: hi",
            f"Ihre Nachricht an {LI} konnte nicht zugestellt werden.\n550 5.1.1",
        ),
        True,
        GONE,
    ),
    (
        (
            '"InterScan" <mail@mx.example>',
            "メール配信に失敗しました",
            f"次のメールを配信できませんでした。\n{LI}\n550 User unknown",
        ),
        True,
        GONE,
    ),
    (("no-reply@mobile.example", "hi", f"As their mailbox is full.\n<{LI}>"), False, FULL),
]


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
        *((*report, (LI,), dead, reason) for report, dead, reason in REPORTS),
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
        ("Undelivered mail problem", "<x@y.example>: host mx said: 550 5.1.1 user unknown. How to fix?"),
        ("系统退信怎么解决", "我给 x@y.example 发邮件总是被退回，提示 550 User not found"),
        ("快递投递失败", "我的快递显示投递失败，收件人 x@y.example，请重新派送"),
        ("Your delivery status: failed", "The address of x@y.example does not exist"),
        ("Fwd: failure notice", "please help\n\nHi. This is the qmail-send program\n<x@y.example>:\nno mailbox here"),
    ],
)
def test_people_who_write_about_bounces_are_people(subject: str, text: str) -> None:
    assert parse(mail(text, "Return-Path: <zhang@example.com>", subject=subject)).bounce is None


@pytest.mark.parametrize(
    ("sender", "header", "subject", "text"),
    [
        (
            "bot@git.example",
            "List-ID: org/repo",
            "Delivery failed (#12)",
            "When <x@y.example> is unknown, we get 550 5.1.1",
        ),
        ("News <news@bounce.example>", "X-A: 1", "Your delivery status", "Your order was delivered to x@y.example."),
        ("dev@lists.example", "Return-Path: <>", "confirm 123abc", "To confirm x@y.example reply to this mail"),
        ("root@host.example", "X-A: 1", "Logwatch for host", "550 5.1.1 User unknown: 3 Time(s)\n   <x@y.example>"),
    ],
)
def test_machines_that_write_about_mail_are_no_reports(sender: str, header: str, subject: str, text: str) -> None:
    raw = mail(text, header, subject=subject).replace(b"Zhang <zhang@example.com>", sender.encode())
    assert parse(raw).bounce is None


def test_a_line_of_brackets_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    raw = mail("550 user unknown <a@b.example>", "Return-Path: <>", subject="Undelivered Mail")
    parse(raw.replace(b"Zhang <zhang@example.com>", b"(" * 2_000))
    assert len(caplog.text) < 1_000


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
        ("subject", "[自动回复]hi", (), "hi"),
        ("subject", "Re: 自动回复: hi", (), "hi"),
        ("subject", "AUTO: Li is away", (), "hi"),
        ("subject", "Automaattinen vastaus: hi", (), "hi"),
        ("subject", "Odpowiedź automatyczna: hi", (), "hi"),
        ("text", "hi", (), "您好，我现在有事不在，一会再和您联系。"),
        ("text", "hi", (), "国庆节放假，10月8日上班后回复您的邮件。"),
        ("text", "hi", (), "您好，我已离职，工作邮件请发送至 x@example.com。"),
        ("text", "hi", (), "感谢来信，我会尽快回复！"),
        ("text", "hi", (), "您好，邮件我已经收到，稍后会给您答复！"),
        ("text", "hi", (), "本邮箱无人值守，请勿回复"),
        ("", "Auto parts order", (), "hi"),
        ("", "Automobile parts", (), "hi"),
        ("", "On holiday delivery", (), "hi"),
        ("", "自动回复怎么设置", (), "hi"),
        ("", "hi", (), "您好，我上周的来信你们收到了吗"),
        ("", "hi", (), "放假期间还发货吗"),
        ("", "hi", (), "你们的自动回复说会尽快联系我，结果没有人联系"),
        ("", "hi", (), "您的邮件我看了，还是不明白怎么退货"),
        ("", "hi", (), "收到您的邮件了，我同意退款方案。"),
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


def test_identifiers_that_a_program_has_encoded_because_they_are_long_are_read() -> None:
    made = EmailMessage(policy=policy.SMTP)
    long = f"<{'a' * 40}.{'b' * 40}@shop.test>"
    made["In-Reply-To"], made["References"] = long, f"<first@x.test> {long}"
    made.set_content("hi")
    assert b"=?utf-8?" in made.as_bytes()
    read = parse(made.as_bytes())
    assert (read.in_reply_to, read.references) == (long.strip("<>"), ("first@x.test", long.strip("<>")))
