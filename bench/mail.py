"""Mail as customers send it, and how fast it is read: parsed, its quote cut, its page made safe to show.

`python -m bench.mail` measures it alone. The mails are the same in every run, in the shape in which the clients of
customers write them; nothing of them was written by a customer.
"""

from __future__ import annotations

import email
import gc
import os
import platform
import sys
import time
from base64 import encodebytes
from collections.abc import Callable, Iterator, Sequence
from quopri import encodestring
from random import Random
from statistics import median

from channels.email.parsing import parse
from channels.email.sanitising import sanitise

MAILS = 400
ROUNDS = 5
GOAL = 500.0  # mails per second of one core
MIX = {"chinese reply": 40, "western reply": 20, "newsletter": 15, "files": 10, "plain text": 10, "machine": 5}

CLAUSES = (
    "您好", "昨天下的订单还没有发货", "麻烦帮我查一下物流", "收货地址需要改成公司的地址", "谢谢",
    "颜色和网页上的不一样", "发票抬头写错了", "我想申请退款", "客服电话一直打不通", "请尽快处理",
    "快递显示已经签收", "可是我没有收到包裹", "优惠券不能用", "会员积分少了两百分", "请问什么时候能到",
    "包装盒是破的", "能不能换一个大一号的", "附件是截图", "账号登录不上",
)  # fmt: skip
WORDS = (
    "hello", "the", "order", "has", "not", "arrived", "yet", "could", "you", "please", "check", "with", "carrier",
    "our", "invoice", "shows", "another", "amount", "than", "was", "agreed", "and", "delivery", "address", "should",
    "be", "changed", "before", "Friday", "we", "would", "like", "to", "return", "one", "of", "chairs", "thanks",
)  # fmt: skip
NAMES = (("王小明", "wangxm"), ("李婷", "liting88"), ("陈建国", "chenjg"), ("赵敏", "zhaomin_sh"), ("Li Lei", "lilei"))
FILES = (("application/pdf", "发票.pdf", b"%PDF-1.7\n"), ("image/jpeg", "截图.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"))


def rate(rounds: int = ROUNDS, mails: int = MAILS) -> float:
    """Mails that one core reads in a second."""
    raws = [raw for _, raw in generate(mails)]
    return len(raws) / _seconds(read, raws, rounds)


def read(raw: bytes) -> None:
    """What the hub does with a mail until an agent sees it."""
    mail = parse(raw)
    if mail.html:
        sanitise(mail.html, dict.fromkeys(mail.inline_images, "/a"))


def divide(raw: bytes) -> None:
    """The measure: the standard library finds the parts and their bytes, and understands none of them."""
    for part in email.message_from_bytes(raw).walk():
        if not part.is_multipart():
            part.get_payload(decode=True)


def _seconds(work: Callable[[bytes], None], raws: Sequence[bytes], rounds: int) -> float:
    """CPU time of this process: what others do on the machine counts little."""
    for raw in raws[: len(raws) // 4]:
        work(raw)
    took = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        for raw in raws:
            work(raw)
        took.append(time.process_time() - began)
    return median(took)


def generate(count: int = MAILS, seed: int = 7) -> list[tuple[str, bytes]]:
    """Kinds and raw mails, mixed as MIX says."""
    random = Random(seed)
    kinds = [kind for kind, share in MIX.items() for _ in range(count * share // 100)]
    random.shuffle(kinds)
    return [(kind, MAKERS[kind](random, number)) for number, kind in enumerate(kinds)]


# -- words


def _chinese(random: Random, clauses: int) -> str:
    return "，".join(random.choice(CLAUSES) for _ in range(clauses)) + "。"


def _english(random: Random, words: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(words)).capitalize() + "."


# -- the pieces of a mail


def _head(random: Random, number: int, name: str, local: str, subject: str, *more: str) -> str:
    hops = "".join(
        f"Received: from mx{hop}.example.net (mx{hop}.example.net [192.0.2.{random.randrange(256)}])\r\n"
        f"\tby in{hop}.example.org (Postfix) with ESMTPS id {random.getrandbits(40):010X}\r\n"
        f"\tfor <help@example.org>; Mon, 6 Mar 2023 1{hop}:20:30 +0800 (CST)\r\n"
        for hop in range(3)
    )
    signature = "".join(f"\r\n\t{random.getrandbits(280):070x}" for _ in range(4))
    lines = [
        f"Return-Path: <{local}@example.com>",
        "Delivered-To: help@example.org",
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=from:to:subject; b={signature}",
        "Authentication-Results: in.example.org; dkim=pass header.d=example.com; spf=pass; dmarc=pass",
        f"From: {_word(name)} <{local}@example.com>",
        "To: =?utf-8?B?5a6i5pyN?= <help@example.org>",
        f"Subject: {_word(subject)}",
        f"Date: Mon, 6 Mar 2023 {number % 24:02d}:20:30 +0800",
        f"Message-ID: <{random.getrandbits(64):016x}.{number}@example.com>",
        f"In-Reply-To: <hub.{number}.{random.getrandbits(32):08x}@example.org>",
        f"References: <hub.{number}.0@example.org>\r\n <hub.{number}.{random.getrandbits(32):08x}@example.org>",
        "MIME-Version: 1.0",
        *more,
    ]
    return hops + "\r\n".join(lines) + "\r\n"


def _word(text: str) -> str:
    return text if text.isascii() else f"=?utf-8?B?{encodebytes(text.encode()).decode().replace(chr(10), '')}?="


def _part(kind: str, content: str | bytes, charset: str = "utf-8", coding: str = "base64", more: str = "") -> bytes:
    data = content if isinstance(content, bytes) else content.replace("\n", "\r\n").encode(charset)
    body = encodebytes(data) if coding == "base64" else encodestring(data)
    label = f"; charset={charset}" if kind.startswith("text/") else ""
    head = f"Content-Type: {kind}{label}\r\nContent-Transfer-Encoding: {coding}\r\n{more}\r\n"
    return head.encode() + body.replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")


def _multipart(kind: str, parts: Sequence[bytes], boundary: str) -> bytes:
    mark = b"--" + boundary.encode()
    pieces = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + pieces + mark + b"--\r\n"


def _both(plain: str, html: str, charset: str, coding: str, number: int) -> bytes:
    parts = [_part("text/plain", plain, charset, coding), _part("text/html", html, charset, coding)]
    return _multipart("alternative", parts, f"----=_Part_{number}_text")


# -- the kinds


def _chinese_reply(random: Random, number: int) -> bytes:
    name, local = random.choice(NAMES)
    lines = [_chinese(random, random.randrange(2, 6)) for _ in range(random.randrange(1, 5))]
    old = [_chinese(random, random.randrange(3, 8)) for _ in range(random.randrange(3, 12))]
    client = CLIENTS[number % len(CLIENTS)]
    plain, html = client(name, lines, old)
    charset, coding = random.choice(
        (("gb18030", "base64"), ("utf-8", "base64"), ("GBK", "base64"), ("utf-8", "quoted-printable"))
    )
    head = _head(random, number, name, local, "回复：关于订单的问题", "X-Mailer: Mail 9.1")
    return head.encode() + _both(plain, html, charset, coding, number)


def _qq(name: str, lines: list[str], old: list[str]) -> tuple[str, str]:
    when = "2023年3月5日(星期天) 晚上8:15"
    labels = ('发件人: "客服" <help@example.org>;', f"发送时间: {when}", f'收件人: "{name}";', "主题: 订单")
    rule = "------------------ 原始邮件 ------------------"
    plain = "\n".join([*lines, "", "", rule, *labels, "", *old])
    shown = "".join(f"<div>{line}</div>" for line in lines)
    head = "".join(
        f'<div style="font-size:12px;background:#efefef;padding:8px;"><b>{each}</b></div>' for each in labels
    )
    body = "".join(f"<p style='margin:0'><span style='font-size:14px'>{line}</span></p>" for line in old)
    html = f"<div>{shown}</div><div><br></div><div>{rule.replace(' ', '&nbsp;')}</div>{head}<div>{body}</div>"
    return plain, f'<div class="qmbox">{html}</div>'


def _netease(name: str, lines: list[str], old: list[str]) -> tuple[str, str]:
    line = 'At 2023-03-05 20:15:36, "客服" <help@example.org> wrote:'
    plain = "\n".join([*lines, "", "", "", line, *(f">{each}" for each in old)])
    shown = "".join(f'<div style="margin:0;">{each}</div>' for each in lines)
    quote = "".join(f"<div>{each}</div>" for each in old)
    html = (
        '<div style="line-height:1.7;color:#000000;font-size:14px;font-family:Arial">'
        f'{shown}<br><p style="margin: 0;"><br></p><p>{line.replace("<", "&lt;")}</p>'
        f'<blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; BORDER-LEFT: #ccc 1px solid">{quote}'
        "</blockquote></div>"
    )
    return plain, html


def _foxmail(name: str, lines: list[str], old: list[str]) -> tuple[str, str]:
    labels = ["发件人： 客服", "发送时间： 2023-03-05 20:15", f"收件人： {name}", "主题： 订单"]
    plain = "\n".join([*lines, "", "", "wang@example.com", " ", *labels, *old])
    rows = "".join(f"<div><b>{each[:4]}</b>{each[4:]}</div>" for each in labels)
    style = "<style>body { line-height: 1.5; }body { font-size: 14px; font-family: 微软雅黑; color: #000; }</style>"
    html = (
        f"<html><head>{style}</head><body>\n<div><span></span>{'<br>'.join(lines)}</div>\n<div><br></div>"
        '<hr style="width: 210px; height: 1px;" align="left">\n<div><span>wang@example.com</span></div>\n'
        '<blockquote style="margin-Top: 0px; margin-Bottom: 0px; margin-Left: 0.5em">'
        f'<div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm">{rows}</div>'
        f"<div>{'<br>'.join(old)}</div></blockquote></body></html>"
    )
    return plain, html


def _apple(name: str, lines: list[str], old: list[str]) -> tuple[str, str]:
    line = "在 2023年3月5日，20:15，客服 <help@example.org> 写道："
    plain = "\n".join([*lines, "", "发自我的iPhone", "", f"> {line}", "> ", *(f"> {each}" for each in old)])
    html = (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body dir="auto">'
        f'{"<div><br></div>".join(lines)}<div><br><div dir="ltr">发自我的iPhone</div><div dir="ltr"><br>'
        f'<blockquote type="cite">{line.replace("<", "&lt;")}<br><br></blockquote></div>'
        f'<blockquote type="cite"><div dir="ltr">{"<br>".join(old)}</div></blockquote></div></body></html>'
    )
    return plain, html


def _gmail(name: str, lines: list[str], old: list[str]) -> tuple[str, str]:
    line = "客服 <help@example.org> 于2023年3月5日周日 20:15写道："
    plain = "\n".join([*lines, "", line, "", *(f"> {each}" for each in old), ""])
    html = (
        f'<div dir="ltr">{"<div><br></div>".join(lines)}</div><br><div class="gmail_quote">'
        f'<div dir="ltr" class="gmail_attr">{line.replace("<", "&lt;")}<br></div><blockquote class="gmail_quote" '
        'style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">'
        f"{'<br>'.join(old)}</blockquote></div>"
    )
    return plain, html


def _outlook(name: str, lines: list[str], old: list[str]) -> tuple[str, str]:
    labels = ["发件人: 客服 <help@example.org>", "发送时间: 2023年3月5日 20:15", f"收件人: {name}", "主题: 订单"]
    plain = "\n".join([*lines, "", "________________________________", *labels, "", *old])
    shown = "".join(f'<p class="MsoNormal"><span lang="EN-US">{each}<o:p></o:p></span></p>\n' for each in lines)
    quote = "".join(f'<p class="MsoNormal"><span lang="EN-US">{each}<o:p></o:p></span></p>\n' for each in old)
    html = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40">\n<head>\n'
        f"<style><!--\n{OFFICE_STYLE}\n--></style>\n</head>\n"
        f'<body lang="ZH-CN" link="#0563C1">\n<div class="WordSection1">\n{shown}'
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">\n'
        f'<p class="MsoNormal"><b>{"<br>".join(each.replace("<", "&lt;") for each in labels)}</b></p>\n</div>\n'
        f"{quote}</div>\n</body>\n</html>\n"
    )
    return plain, html


OFFICE_STYLE = "\n".join(
    f"p.Style{number}, li.Style{number}, div.Style{number}\n\t{{mso-style-priority:99;\n\tmargin:0cm;\n"
    f'\tfont-size:10.5pt;\n\tfont-family:"Calibri",sans-serif;\n\tcolor:#{number:06x};}}'
    for number in range(24)
)
CLIENTS = (_qq, _netease, _foxmail, _apple, _gmail, _outlook, _qq)


def _western_reply(random: Random, number: int) -> bytes:
    lines = [_english(random, random.randrange(6, 40)) for _ in range(random.randrange(1, 5))]
    old = [_english(random, random.randrange(8, 40)) for _ in range(random.randrange(4, 20))]
    if number % 2:
        line = "On Sun, Mar 5, 2023 at 8:15 PM Help <help@example.org> wrote:"
        plain = "\n".join([*lines, "", line, "", *(f"> {each}" for each in old)])
        html = (
            f'<div dir="ltr">{"<div><br></div>".join(lines)}</div><br><div class="gmail_quote">'
            f'<div dir="ltr" class="gmail_attr">{line.replace("<", "&lt;")}<br></div>'
            f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{"<br>".join(old)}</blockquote></div>'
        )
    else:
        labels = ["From: Help <help@example.org>", "Sent: Sunday, March 5, 2023 8:15 PM", "To: Li", "Subject: Order"]
        plain = "\n".join([*lines, "", "Best regards,", "Li", "", *labels, "", *old])
        shown, quote = (
            "".join(
                f'<p class="MsoNormal"><span style="font-size:11.0pt">{each}<o:p></o:p></span></p>' for each in some
            )
            for some in (lines, old)
        )
        html = (
            f"<html><head><style><!--\n{OFFICE_STYLE * 2}\n--></style></head><body>{shown}"
            '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in">'
            f'<p class="MsoNormal">{"<br>".join(each.replace("<", "&lt;") for each in labels)}</p></div>{quote}'
            "</body></html>"
        )
    head = _head(random, number, "Li Lei", "lilei", "Re: your order")
    return head.encode() + _both(plain, html, "utf-8", "quoted-printable", number)


def _newsletter(random: Random, number: int) -> bytes:
    style = "font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:22px;color:#333333;padding:12px 20px"
    rows = []
    size, wanted = 0, random.randrange(30_000, 80_000)
    while size < wanted:
        link = f"https://click.example.net/c/{random.getrandbits(200):050x}"
        text = _chinese(random, 6) if number % 2 else _english(random, 20)
        rows.append(
            f'<tr><td align="left" valign="top" style="{style}">'
            f'<a href="{link}" style="color:#0066cc;text-decoration:none">'
            f'<img src="https://img.example.net/{random.getrandbits(64):x}.jpg" width="560" height="180" border="0">'
            f'</a><h2 style="margin:0 0 8px">{text[:20]}</h2><p style="margin:0">{text}</p>&nbsp;&copy; '
            f'<a href="{link}">{text[:6]} &rsaquo;</a></td></tr>\n'
        )
        size += len(rows[-1])
    html = (
        "<!DOCTYPE html><html><head><title>x</title><style>"
        + "@media only screen {.c{width:100% !important}}\n" * 30
        + '</style></head><body bgcolor="#f6f6f6"><table width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
        + f'<td align="center"><table width="600" class="c">{"".join(rows)}</table></td></tr></table></body></html>'
    )
    head = _head(
        random, number, "商城", "news", "本周新品", "List-Unsubscribe: <https://example.net/u>", "Precedence: bulk"
    )
    if number % 3:
        return head.encode() + _part("text/html", html, "utf-8", "quoted-printable" if number % 2 else "base64")
    return head.encode() + _both(_chinese(random, 60), html, "utf-8", "base64", number)


def _files(random: Random, number: int) -> bytes:
    name, local = random.choice(NAMES)
    plain, html = CLIENTS[number % len(CLIENTS)](name, [_chinese(random, 3)], [_chinese(random, 5)])
    kind, file, magic = FILES[number % len(FILES)]
    content = magic + random.randbytes(random.randrange(50_000, 500_000))
    more = f'Content-Disposition: attachment; filename="{_word(file)}"\r\n'
    parts = [_both(plain, html, "utf-8", "base64", number), _part(kind, content, more=more)]
    head = _head(random, number, name, local, "订单截图")
    return head.encode() + _multipart("mixed", parts, f"----=_Part_{number}_mixed")


def _plain_text(random: Random, number: int) -> bytes:
    name, local = random.choice(NAMES)
    lines = [_chinese(random, 5) if number % 2 else _english(random, 30) for _ in range(random.randrange(2, 30))]
    text = "\n\n".join([*lines, "-- \n" + name])
    coding = "quoted-printable" if number % 3 else "base64"
    return _head(random, number, name, local, "订单").encode() + _part("text/plain", text, "utf-8", coding)


def _machine(random: Random, number: int) -> bytes:
    if number % 2:
        name, local = random.choice(NAMES)
        head = _head(random, number, name, local, "自动回复：订单", "Auto-Submitted: auto-replied")
        return head.encode() + _part("text/plain", "您好，您的邮件已收到，我会尽快回复您。")
    gone = f"gone{number}@example.net"
    parts = [
        _part(
            "text/plain",
            f"This is the mail system at host mx.example.net.\n\nI'm sorry to have to inform you that your message "
            f"could not be delivered.\n\n<{gone}>: host mx.example.net said: 550 5.1.1 "
            "User unknown (in reply to RCPT TO)\n",
            coding="quoted-printable",
        ),
        (
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: "
            f"rfc822; {gone}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
        ).encode(),
        b"Content-Type: message/rfc822\r\n\r\n" + _plain_text(random, number),
    ]
    head = _head(random, number, "Mail Delivery System", "MAILER-DAEMON", "Undelivered Mail Returned to Sender")
    return head.encode() + _multipart("report; report-type=delivery-status", parts, f"{number}.report")


MAKERS: dict[str, Callable[[Random, int], bytes]] = {
    "chinese reply": _chinese_reply,
    "western reply": _western_reply,
    "newsletter": _newsletter,
    "files": _files,
    "plain text": _plain_text,
    "machine": _machine,
}


# -- the table


def rows() -> Iterator[tuple[str, float, str, tuple[str, float] | None]]:
    """What, value, unit, goal: as bench.__main__.Row takes them."""
    mixed = generate()
    raws = [raw for _, raw in mixed]
    ours, theirs = (len(raws) / _seconds(work, raws, ROUNDS) for work in (read, divide))
    yield "mails parsed, cut and sanitised by one core", ours, "/s", ("≥", GOAL)
    yield "mails only divided by the standard library", theirs, "/s", None
    yield "  as a ratio of that", ours / theirs, "", None
    for kind in MIX:
        some = [raw for each, raw in mixed if each == kind]
        alone = len(some) / _seconds(read, some, 3)
        yield f"  {kind}, {sum(map(len, some)) / len(some) / 1024:.0f} KB on average", alone, "/s", None


def main() -> None:
    from bench.__main__ import Row, table

    found = [Row(*row) for row in rows()]
    print(table([("", "measured", "goal", ""), *(row.cells() for row in found)]))
    print(f"\n{os.cpu_count() or 1} cores, {platform.machine()}, Python {platform.python_version()}.")
    sys.exit(any(row.met is False for row in found))


if __name__ == "__main__":
    main()
