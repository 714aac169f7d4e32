"""How customers' mail programs write: the quote below a reply, signature, subject, charset, file names, headers.

Each shape is that of the program named, as its mails look on the wire. Who reads them has to find the new words.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Literal

Name = Literal["qq", "163", "gmail", "outlook", "plain"]
WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class Original:
    """The mail that is answered, as the quote names it."""

    name: str
    address: str
    to: str  # as `"name" <address>`
    subject: str
    sent: datetime
    text: str
    html: str  # the inside of its page, or its text as one

    @property
    def sender(self) -> str:
        return f'"{self.name or self.address}" <{self.address}>'


Quote = Callable[[Original, bool], str]  # True: the program speaks Chinese


@dataclass(frozen=True)
class Client:
    """`signature` and `answer` by language: True is Chinese. Without `page` there is no HTML."""

    text: Quote
    page: Quote | None
    body: str  # of the HTML, with {words}, {signature} and {quote}
    line: str  # of the HTML, with {words}
    signature: Mapping[bool, str]
    answer: Mapping[bool, str]  # before the subject
    message_id: Callable[[str], str]
    headers: Mapping[str, str]
    automatic: Mapping[str, str]  # headers of an automatic reply
    charset: str = "utf-8"
    words_in_names: bool = True  # file names as encoded words in quotes, else by RFC 2231
    automatic_subject: Mapping[bool, str] = field(
        default_factory=lambda: {True: "自动回复: ", False: "Automatic reply: "}
    )


def marked(text: str, mark: str = "> ") -> str:
    return "\n".join(f"{mark}{line}".rstrip() for line in text.splitlines())


def lines_of(text: str, line: str) -> str:
    return "".join(line.replace("{words}", escape(each) or "<br>") for each in text.splitlines())


def _day(day: datetime) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _gmail_said(original: Original, chinese: bool) -> tuple[str, str]:
    """What stands before and behind the address."""
    name, sent = original.name or original.address, original.sent
    if chinese:
        return f"{name} <", f"> 于{_day(sent)}周{WEEKDAYS[sent.weekday()]} {sent:%H:%M}写道："
    clock = f"{sent.hour % 12 or 12}:{sent:%M %p}"
    return f"On {sent:%a}, {sent:%b} {sent.day}, {sent.year} at {clock} {name} <", "> wrote:"


# -- quotes in text ----------------------------------------------------------------------------------------------------


def _qq_rows(original: Original, chinese: bool) -> tuple[str, list[tuple[str, str]]]:
    """The word on the rule, and what stands below it."""
    sent = original.sent
    if chinese:
        said = f"{_day(sent)}(星期{WEEKDAYS[sent.weekday()]}) {'上午' if sent.hour < 12 else '下午'}{sent:%I:%M}"
        word, labels = "原始邮件", ("发件人", "发送时间", "收件人", "主题")
    else:
        said = f"{sent:%a, %b} {sent.day}, {sent.year} {sent:%I:%M %p}"
        word, labels = "Original", ("From", "Date", "To", "Subject")
    values = (f"{original.sender};", said, f"{original.to};", original.subject)
    return f"------------------&nbsp;{word}&nbsp;------------------", list(zip(labels, values, strict=True))


def _qq_text(original: Original, chinese: bool) -> str:
    rule, rows = _qq_rows(original, chinese)
    *head, subject = [f"{label}:&nbsp;{value}" for label, value in rows]
    return "\n".join(["", "", "", rule, *head, "", subject, "", "", "", original.text])


def _netease_text(original: Original, chinese: bool) -> str:
    said = f"在 {original.sent:%Y-%m-%d %H:%M:%S}，{original.sender} 写道：" if chinese else _netease_said(original)
    return "\n".join(["", "", "", "", said, marked(original.text, ">")])


def _netease_said(original: Original) -> str:
    return f"At {original.sent:%Y-%m-%d %H:%M:%S}, {original.sender} wrote:"


def _gmail_text(original: Original, chinese: bool) -> str:
    before, behind = _gmail_said(original, chinese)
    return f"\n{before}{original.address}{behind}\n\n{marked(original.text)}"


def _outlook_rows(original: Original, chinese: bool) -> list[tuple[str, str]]:
    labels = ("发件人", "发送时间", "收件人", "主题") if chinese else ("From", "Sent", "To", "Subject")
    sent = f"{_day(original.sent)} {original.sent:%H:%M}" if chinese else f"{original.sent:%A, %B %d, %Y %I:%M %p}"
    values = (f"{original.name} <{original.address}>", sent, original.to.replace('"', ""), original.subject)
    return list(zip(labels, values, strict=True))


def _outlook_text(original: Original, chinese: bool) -> str:
    rows = [f"{label}: {value} " for label, value in _outlook_rows(original, chinese)]
    return "\n".join(["", *rows, "", original.text])


def _plain_text(original: Original, chinese: bool) -> str:
    sent = f"{original.sent:%Y-%m-%d %H:%M}"
    said = f"在 {sent}, {original.name} 写道:" if chinese else f"On {sent}, {original.name} wrote:"
    return f"\n{said}\n{marked(original.text)}"


# -- quotes in HTML ----------------------------------------------------------------------------------------------------


def _qq_page(original: Original, chinese: bool) -> str:
    rule, rows = _qq_rows(original, chinese)
    head = "".join(f"<div><b>{label}:</b>&nbsp;{escape(value)}</div>" for label, value in rows)
    return (
        '<div><br></div><div><br></div><div style="font-size: 12px;font-family: Arial Narrow;padding:2px 0 2px 0;">'
        f'{rule}</div><div style="font-size: 12px;background:#efefef;padding:8px;">{head}</div>'
        f"<div><br></div>{original.html}"
    )


def _netease_page(original: Original, chinese: bool) -> str:
    return (
        '<p style="margin:0;"><br></p><div style="position:relative;zoom:1"></div><div id="divNeteaseMailCard"></div>'
        f'<p style="margin:0;"><br></p><p>{escape(_netease_said(original))}</p>'
        '<blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; MARGIN: 0px 0px 0px 0.8ex; '
        f'BORDER-LEFT: #ccc 1px solid">{original.html}</blockquote>'
    )


def _gmail_page(original: Original, chinese: bool) -> str:
    before, behind = (escape(part) for part in _gmail_said(original, chinese))
    link = f'<a href="mailto:{escape(original.address)}">{escape(original.address)}</a>'
    return (
        '<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f'{before}{link}{behind}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
        f'border-left:1px solid rgb(204,204,204);padding-left:1ex">{original.html}</blockquote></div>'
    )


def _outlook_page(original: Original, chinese: bool) -> str:
    rows = "<br>".join(
        f'<b><span lang="EN-US">{label}:</span></b> {escape(value)}'
        for label, value in _outlook_rows(original, chinese)
    )
    return (
        '<p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;'
        f'padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{rows}<o:p></o:p></p></div></div>'
        f'<p class="MsoNormal"><o:p>&nbsp;</o:p></p>{original.html}'
    )


# -- the programs ------------------------------------------------------------------------------------------------------


def _hex(letters: int) -> str:
    return secrets.token_hex(letters // 2 + 1)[:letters]


CLIENTS: Mapping[Name, Client] = {
    "qq": Client(
        text=_qq_text,
        page=_qq_page,
        body='<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">{words}{signature}{quote}',
        line="<div>{words}</div>",
        signature={True: "发自我的iPhone", False: "Sent from my iPhone"},
        answer={True: "回复：", False: "Re:"},
        message_id=lambda address: f"<tencent_{_hex(32).upper()}@qq.com>",
        headers={"X-QQ-Style": "1", "X-Priority": "3", "X-Mailer": "QQMail 2.x"},
        automatic={},  # it marks them in no header
    ),
    "163": Client(
        text=_netease_text,
        page=_netease_page,
        body='<div style="line-height:1.7;color:#000000;font-size:14px;font-family:Arial">'
        "{words}{signature}{quote}</div>",
        line='<p style="margin:0;">{words}</p>',
        signature={True: "--\n{name}", False: "--\n{name}"},
        answer={True: "Re:", False: "Re:"},
        message_id=lambda address: f"<{_hex(8)}.{_hex(4)}.{_hex(11)}.Coremail.{address.partition('@')[0]}@163.com>",
        headers={"X-Priority": "3", "X-Mailer": "Coremail Webmail Server Version XT5.0.14 build 20230109(dcb5de15)"},
        automatic={"Auto-Submitted": "auto-replied"},
        charset="gbk",
    ),
    "gmail": Client(
        text=_gmail_text,
        page=_gmail_page,
        body='<div dir="ltr">{words}{signature}</div>{quote}',
        line="<div>{words}</div>",
        signature={True: "-- \n{name}", False: "-- \n{name}"},
        answer={True: "Re: ", False: "Re: "},
        message_id=lambda address: f"<CA+{secrets.token_urlsafe(38)}@mail.gmail.com>",
        headers={},
        automatic={"Auto-Submitted": "auto-replied", "X-Autoreply": "yes", "Precedence": "bulk"},
    ),
    "outlook": Client(
        text=_outlook_text,
        page=_outlook_page,
        body='<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang="ZH-CN"><div class="WordSection1">'
        "{words}{signature}{quote}</div></body></html>",
        line='<p class="MsoNormal">{words}</p>',
        signature={True: "从 Windows 版邮件发送", False: "Sent from Mail for Windows"},
        answer={True: "答复: ", False: "RE: "},
        message_id=lambda address: f"<{_hex(24).upper()}@{_hex(16).upper()}.apcprd04.prod.outlook.com>",
        headers={"X-Mailer": "Microsoft Outlook 16.0", "Content-Language": "zh-cn"},
        automatic={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    ),
    "plain": Client(
        text=_plain_text,
        page=None,
        body="",
        line="",
        signature={True: "", False: ""},
        answer={True: "Re: ", False: "Re: "},
        message_id=lambda address: f"<{_hex(24)}@{address.partition('@')[2]}>",
        headers={"User-Agent": "Mozilla Thunderbird"},
        automatic={"Auto-Submitted": "auto-replied"},
        words_in_names=False,
    ),
}
