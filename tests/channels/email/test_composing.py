"""A mail that goes out is read, answered and threaded by whatever program the customer has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from uuid import UUID

import pytest

from channels.contract import Address, File, Letter, Link, OutboundMessage, Quoted
from channels.email.composing import Sender, address, chain, compose, recipients
from channels.email.markdown import html_of
from channels.errors import Refused

SENDER = Sender(
    address="support@example.com",
    name="驿站小店",
    reply_to="support+abc@example.com",
    message_id="<" + "m" * 90 + "@example.com>",
    loop_mark="mark",
    signature="客服部\n400-000",
)


def message(text: str = "您好", **more: Any) -> OutboundMessage:
    return OutboundMessage(id=UUID(int=1), to=Address("email", "li@customer.test"), text=text, **more)


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part
    return str(cast(EmailMessage, part).get_content())


def test_headers_say_who_to_whom_and_what_is_answered() -> None:
    asked = "<" + "a" * 100 + "@customer.test>"
    raw = compose(
        message(
            letter=Letter(
                subject="回复：" + "询价" * 30,
                in_reply_to=asked,
                references=("first@customer.test", "second@customer.test"),
                cc=("c@x.test",),
                bcc=("b@x.test",),
            )
        ),
        SENDER,
    )
    mail = read(raw)
    assert {name: str(mail[name]) for name in ("From", "To", "Cc", "Reply-To", "Subject", "X-Yizhan")} == {
        "From": "驿站小店 <support@example.com>",
        "To": "li@customer.test",
        "Cc": "c@x.test",
        "Reply-To": "驿站小店 <support+abc@example.com>",
        "Subject": "回复：" + "询价" * 30,
        "X-Yizhan": "mark",
    }
    assert (mail["In-Reply-To"], mail["References"].split()) == (
        asked,
        ["<first@customer.test>", "<second@customer.test>", asked],
    )
    assert f"Message-ID: {SENDER.message_id}\r\n".encode() in raw  # on one line, as it was made
    assert abs(mail["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert "b@x.test" not in raw.decode()
    assert (mail["Auto-Submitted"], mail["Precedence"]) == (None, None)


def test_machines_say_that_they_are() -> None:
    mail = read(compose(message(by_bot=True), SENDER))
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")


def test_the_text_comes_as_text_and_as_html_with_signature_and_quote() -> None:
    quoted = Quoted(
        author="李 <li@customer.test>",
        sent_at=datetime(2026, 2, 1, 9, 30, tzinfo=timezone(timedelta(hours=8))),
        text="多少钱？\n<b>急</b>",
    )
    mail = read(compose(message("**100 元**\n包邮", letter=Letter(quoted=quoted)), SENDER))
    assert mail.get_content_type() == "multipart/alternative"
    assert body(mail, "plain").splitlines() == [
        "**100 元**",
        "包邮",
        "",
        "-- ",
        "客服部",
        "400-000",
        "",
        "在 2026-02-01 09:30，李 <li@customer.test> 写道：",
        "> 多少钱？",
        "> <b>急</b>",
    ]
    html = body(mail, "html")
    assert "<p><strong>100 元</strong><br>\n包邮</p>" in html
    assert "客服部<br>\n400-000" in html
    assert "李 &lt;li@customer.test&gt; 写道：" in html
    assert "多少钱？<br>\n&lt;b&gt;急&lt;/b&gt;</blockquote>" in html


def test_another_signature_and_none() -> None:
    assert "-- \n小林\n" in body(read(compose(message(letter=Letter(signature="小林")), SENDER)), "plain")
    assert body(read(compose(message("hi", letter=Letter(signature="")), SENDER)), "plain").split() == ["hi"]


def test_files_keep_their_names_in_every_program() -> None:
    files = (File("报价单 2026.pdf", "application/pdf", b"%PDF"), File('a/"b".txt', "text/plain", b"line\r\n.\r\n"))
    raw = compose(message(file=files[0], letter=Letter(files=files[1:])), SENDER)
    attached = [(part.get_filename(), part.get_content_type()) for part in read(raw).iter_attachments()]
    assert attached == [("报价单 2026.pdf", "application/pdf"), ('a_"b".txt', "text/plain")]
    assert [part.get_payload(decode=True) for part in read(raw).iter_attachments()] == [
        b"%PDF",
        b"line\r\n.\r\n",
    ]
    assert b'name="=?utf-8?b?5oql5Lu35Y2VIDIwMjYucGRm?="' in raw  # for programs that know no RFC 2231


def test_a_link_is_one_to_follow() -> None:
    link = Link("订单", "https://shop.test/1", "看这里")
    mail = read(compose(message("", link=link, letter=Letter(signature="")), SENDER))
    assert body(mail, "plain") == "订单\n看这里\n<https://shop.test/1>\n"
    assert '<a href="https://shop.test/1">' in body(mail, "html")


def test_headers_cannot_be_smuggled_in() -> None:
    raw = compose(
        message(
            author="a\r\nX-Evil: 1",
            letter=Letter(
                subject="x\r\nBcc: victim@x.test\n\nbody",
                in_reply_to="<a@b>\r\nX-Evil: 1",
                references=("<ok@b>", "<a b@c>\nX-Evil: 2"),
                files=(File("a\r\nX-Evil: 3", "x\r\ny", b""),),
            ),
        ),
        Sender(address="s@x.test", name="", reply_to="s@x.test", message_id="<m@x.test>", loop_mark="m"),
    )
    mail = read(raw)
    assert (mail["Subject"], mail["Bcc"], mail["In-Reply-To"], mail["References"]) == (
        "Re: x Bcc: victim@x.test body",
        None,
        None,
        "<ok@b>",
    )
    assert b"\nX-Evil" not in raw


@pytest.mark.parametrize(
    "to", ["", "li", "@x.test", "a b@x.test", "li@x.test\r\nRCPT TO:<b@x.test>", "李@x.test", "a@"]
)
def test_what_is_no_address_is_refused(to: str) -> None:
    with pytest.raises(Refused):
        address(to)


def test_everybody_gets_it_once_and_the_customer_first() -> None:
    letter = Letter(cc=("LI@customer.test", "c@x.test"), bcc=("C@x.test", "b@商店.test"))
    assert recipients(message(letter=letter)) == ("li@customer.test", "c@x.test", "b@xn--czrs0t.test")


def test_files_together_have_a_limit() -> None:
    half = File("a.bin", "application/zip", b"0" * (11 * 1024 * 1024))
    with pytest.raises(Refused, match=r"22 MB together, a mail carries 20"):
        compose(message(file=half, letter=Letter(files=(half,))), SENDER)


def test_a_long_thread_keeps_its_root_and_its_latest() -> None:
    known = [f"<{number}@x.test>" for number in range(100)]
    assert chain(known, "99@x.test") == [known[0], *known[80:]]
    assert chain([], None) == []


@pytest.mark.parametrize(
    "subject", ["询价", "Re: 询价", "RE:询价", "re：询价", "回复：询价", "AW: 询价", "Re[2]: 询价"]
)
def test_a_subject_is_answered_once(subject: str) -> None:
    raw = compose(message(letter=Letter(subject=subject, in_reply_to="<a@x.test>")), SENDER)
    assert str(read(raw)["Subject"]) == ("Re: 询价" if subject == "询价" else subject)


def test_a_subject_may_name_its_conversation_once() -> None:
    numbered = replace(SENDER, numbered=True)
    for subject in ("询价", "询价 [#12]"):
        raw = compose(message(letter=Letter(subject=subject, conversation=12)), numbered)
        assert str(read(raw)["Subject"]) == "询价 [#12]"
    assert str(read(compose(message(letter=Letter(subject="询价", conversation=12)), SENDER))["Subject"]) == "询价"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a *b* **c** `d`", "<p>a <em>b</em> <strong>c</strong> <code>d</code></p>\n"),
        ("- 一\n- 二", "<ul>\n<li>一</li>\n<li>二</li>\n</ul>\n"),
        ("[站](https://x.test)", '<p><a href="https://x.test">站</a></p>\n'),
        ("# 3 号", "<p># 3 号</p>\n"),
        ("<script>1</script>", "<p>&lt;script&gt;1&lt;/script&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("![x](https://x.test/a.png)", '<p>!<a href="https://x.test/a.png">x</a></p>\n'),
    ],
)
def test_what_agents_write_is_a_part_of_markdown_and_never_html(text: str, html: str) -> None:
    assert html_of(text) == html
