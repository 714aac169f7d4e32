"""What customers write with their mail programs, and what they see."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

import pytest
import requests

from tests.simulator.mailing import ALEX, HONG, MING, SUPPORT, MailWorld, read, text_of

REPLY_TO = "support+abcdefgh@shop.example.com"
WORDS = "好的，谢谢！"
ORIGINAL = "有货，99 元。"
RULE = re.escape("------------------&nbsp;原始邮件&nbsp;------------------")
# client -> the subject of an answer, the start of its quote in text and in HTML, the sender of its Message-ID
SHAPES: dict[str, tuple[str, str, str, str]] = {
    "qq": (
        "回复：报价",
        rf"{RULE}\n发件人:&nbsp;\"support@.*>;\n发送时间:&nbsp;\d+年.*\n收件人:&nbsp;",
        RULE,
        r"tencent_[0-9A-F]{32}@qq\.com",
    ),
    "163": (
        "Re:报价",
        r'\n在 [\d-]{10} [\d:]{8}，"support@\S+" <support@\S+> 写道：\n>有货',
        r'<p>At [\d-]{10} [\d:]{8}, .* wrote:</p><blockquote id="isReplyContent"',
        r"\w+\.\w+\.\w+\.Coremail\.xiaoming@163\.com",
    ),
    "gmail": (
        "Re: 报价",
        r"\nsupport@\S+ <support@\S+> 于\d+年\d+月\d+日周. \d\d:\d\d写道：\n\n> 有货",
        r'<div class="gmail_quote[^>]*><div dir="ltr" class="gmail_attr">.*写道：<br></div><blockquote class="gmail_',
        r"CA\+\S+@mail\.gmail\.com",
    ),
    "outlook": (
        "答复: 报价",
        r"\n发件人: .* \n发送时间: .* \n收件人: xiaoming@.* \n主题: 报价 \n\n有货",
        r'<div style="border:none;border-top:solid #E1E1E1 1.0pt',
        r"[0-9A-F]+@[0-9A-F]+\.apcprd04\.prod\.outlook\.com",
    ),
    "plain": ("Re: 报价", r"\n在 [\d-]{10} [\d:]{5}, .* 写道:\n> 有货", "", r"[0-9a-f]+@customer\.example"),
}


def an_offer(mail: MailWorld, to: str = MING) -> dict[str, Any]:
    mail.send(to, subject="报价", References="<root@x.example> <second@x.example>", Reply_To=f"驿站 <{REPLY_TO}>")
    return mail.letters(to)[-1]


@pytest.mark.parametrize("client", SHAPES)
def test_an_answer_as_each_program_writes_it(mail: MailWorld, client: str) -> None:
    offer = an_offer(mail)
    mail.writes(text=WORDS, client=client, in_reply_to=offer["message_id"])
    raw, got = mail.inbox()[-1], mail.newest()
    subject, in_text, in_page, message_id = SHAPES[client]
    parent = f"<{offer['message_id']}>"
    assert (got["Delivered-To"], got["To"], got["Return-Path"]) == (REPLY_TO, REPLY_TO, f"<{MING}>")
    assert (got["Subject"], got["In-Reply-To"]) == (subject, parent)
    assert got["References"].split() == ["<root@x.example>", "<second@x.example>", parent]
    assert re.fullmatch(f"<{message_id}>", got["Message-ID"])
    text, page = text_of(got), text_of(got, "html")
    assert text.startswith(WORDS) and re.search(in_text, text) and ORIGINAL in text
    assert (re.search(in_page, page) and WORDS in page and ORIGINAL in page) if in_page else not page
    assert all(len(line) <= 998 for line in raw.splitlines())
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("client", "signature"),
    [("qq", "Sent from my iPhone"), ("gmail", "-- \nAlex"), ("outlook", "Sent from Mail for Windows")],
)
def test_programs_speak_their_owners_language(mail: MailWorld, client: str, signature: str) -> None:
    offer = an_offer(mail, ALEX)
    mail.writes(ALEX, text="Thanks!", client=client, in_reply_to=offer["message_id"])
    text = text_of(mail.newest())
    assert text.startswith(f"Thanks!\n\n{signature}\n")
    assert re.search(r"Original|wrote:|From: ", text) and "写道" not in text and "发件人" not in text


def test_charsets_and_file_names_as_programs_write_them(mail: MailWorld) -> None:
    file = {"name": "报价单（新）.pdf", "data": base64.b64encode(b"%PDF-1.4").decode()}
    for client, charset, name in (
        ("163", b"gbk", b"=?GBK?B?"),
        ("plain", b"utf-8", b"filename*=utf-8''"),
        ("qq", b"utf-8", b"=?UTF-8?B?"),
    ):
        mail.writes(subject="附件", client=client, attachments=[file])
        raw = mail.inbox()[-1]
        assert b'charset="' + charset in raw.lower() and name in raw
        [part] = read(raw).iter_attachments()
        assert (part.get_content(), part.get_content_type()) == (b"%PDF-1.4", "application/pdf")
    mail.writes(subject="😀", text="😀", client="163")  # not in GBK
    assert (mail.newest()["Subject"], text_of(mail.newest()).split()[0]) == ("😀", "😀")


def test_an_answer_may_quote_nothing_and_go_to_others(mail: MailWorld) -> None:
    offer = an_offer(mail)
    asked = {"in_reply_to": offer["message_id"], "quote": False, "to": [SUPPORT], "cc": [HONG], "subject": "别的事"}
    mail.writes(text=WORDS, client="plain", html="<p>自己的 HTML</p>", **asked)
    got = mail.newest()
    assert (got["Delivered-To"], got["Cc"], got["Subject"]) == (SUPPORT, HONG, "别的事")
    assert (text_of(got), text_of(got, "html")) == (f"{WORDS}\n", "<p>自己的 HTML</p>\n")
    assert [letter["subject"] for letter in mail.letters(HONG)] == ["别的事"]


@pytest.mark.parametrize(
    ("client", "header", "subject"),
    [
        ("gmail", ("Auto-Submitted", "auto-replied"), "自动回复: 报价"),
        ("outlook", ("X-Auto-Response-Suppress", "All"), "自动回复: 报价"),
        ("qq", ("Auto-Submitted", None), "自动回复: 报价"),
    ],
)
def test_an_automatic_reply(mail: MailWorld, client: str, header: tuple[str, str | None], subject: str) -> None:
    offer = an_offer(mail)
    mail.writes(text="休假中，周一回来。", client=client, in_reply_to=offer["message_id"], auto_reply=True)
    got = mail.newest()
    assert (got[header[0]], got["Subject"], text_of(got)) == (header[1], subject, "休假中，周一回来。\n")


def test_threads_as_the_customer_sees_them(mail: MailWorld) -> None:
    first = mail.writes(subject="询价")
    other = mail.writes(subject="别的")
    mail.send(MING, subject="Re: 询价", In_Reply_To=f"<{first['message_id']}>")
    answer = mail.letters()[-1]
    mail.writes(in_reply_to=answer["message_id"])
    assert [(letter["thread"], letter["own"]) for letter in mail.letters()] == [
        *((1, True), (other["n"], True), (1, False), (1, True)),
    ]


def test_a_customers_mail_to_nobody_comes_back_to_them(mail: MailWorld) -> None:
    mail.writes(to=["unknown@qq.com"], subject="喂")
    returned = mail.letters()[-1]
    assert (returned["own"], returned["subject"]) == (False, "Undelivered Mail Returned to Sender")
    assert mail.inbox() == []


def test_mail_can_be_waited_for(mail: MailWorld) -> None:
    path = f"/_sim/mail/people/{MING}/mails"
    before = mail.simulator.get(path)
    started = time.monotonic()
    nothing = mail.simulator.get(path, since=before["rev"], boot=before["boot"], wait=0.3)
    assert (nothing["items"], time.monotonic() - started >= 0.25) == ([], True)
    mail.send(MING)
    news = mail.simulator.get(path, since=before["rev"], boot=before["boot"], wait=5)
    assert [letter["n"] for letter in news["items"]] == [1]


def test_a_strangers_page_can_do_nothing(mail: MailWorld) -> None:
    file = {"name": "a/b 图.png", "data": base64.b64encode(b"\x89PNG").decode()}
    letter = mail.writes(
        HONG, to=[MING], html='<script>alert(1)</script><img src="https://x.example/t.gif">', attachments=[file]
    )
    assert letter["html"]
    address = f"{mail.simulator.url}/_sim/mail/people/{MING}/mails/1"
    page = requests.get(f"{address}/html", timeout=5)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    download = requests.get(f"{address}/files/0", timeout=5)
    assert (download.content, download.headers["Content-Type"]) == (b"\x89PNG", "application/octet-stream")
    assert download.headers["Content-Disposition"].startswith("attachment; ")
    assert requests.get(f"{address}/files/1", timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"text": " "}, 400, "text: empty"),
        ({"text": "x", "in_reply_to": "<never@seen>"}, 409, "the customer has no such mail"),
        ({"text": "x", "subject": "a\nBcc: b"}, 400, "subject: "),
        ({"text": "x", "to": ["nobody"]}, 400, "to.0: "),
        ({"text": "x", "attachments": [{"name": "x", "data": "?"}]}, 400, "attachments.0.data: "),
        ({"text": "x", "client": "foxmail"}, 400, "client: "),
    ],
)
def test_what_nobody_can_write(mail: MailWorld, body: dict[str, Any], status: int, error: str) -> None:
    answer = requests.post(f"{mail.simulator.url}/_sim/mail/people/{MING}/mails", json=body, timeout=5)
    assert (answer.status_code, answer.json()["error"].startswith(error)) == (status, True)


def test_raw_mail_is_delivered_as_it_is(mail: MailWorld) -> None:
    raw = b"Subject: \xff\nFrom: nobody\n\n.\nhostile\0"
    mail.inject(raw)
    mail.inject(raw, to="support+x@shop.example.com", **{"from": "a@b.example"})
    plain, stamped = mail.inbox()
    assert plain == raw
    assert stamped.startswith(b"Return-Path: <a@b.example>\r\nDelivered-To: support+x@shop.example.com\r\nReceived: ")
    assert stamped.endswith(raw)


def test_the_demos_people_have_addresses(mail: MailWorld) -> None:
    people = mail.simulator.get("/_sim/mail/people")
    assert people["mailbox"] == SUPPORT
    assert [(each["name"], each["address"]) for each in people["items"]] == [
        ("小明", MING),
        ("小红", HONG),
        ("Alex", ALEX),
    ]
    users = mail.simulator.get("/_sim/accounts/wx5a1e0de30c0ffee0/users")["items"]
    assert [each["unionid"] for each in people["items"]] == [each["unionid"] for each in users]
