"""Mails as the tests write them: a few words in, raw bytes out."""

from __future__ import annotations

from base64 import encodebytes

HEAD = "From: Zhang <zhang@example.com>\r\nTo: help@example.org\r\n"


def mail(text: str, *headers: str, charset: str = "utf-8", subject: str = "你好") -> bytes:
    """A plain one: what a customer wrote, and more header lines."""
    lines = "".join(f"{line}\r\n" for line in headers)
    kind = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n"
    head = f"{HEAD}Subject: {subject}\r\n{lines}{kind}\r\n".encode()
    return head + text.replace("\n", "\r\n").encode(charset)


def page(html: str, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"{HEAD}{lines}Content-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()


def part(kind: str, content: bytes | str, *headers: str) -> bytes:
    body = content.encode() if isinstance(content, str) else encodebytes(content)
    coding = [] if isinstance(content, str) else ["Content-Transfer-Encoding: base64"]
    return "\r\n".join([f"Content-Type: {kind}", *coding, *headers, "", ""]).encode() + body


def multipart(kind: str, *parts: bytes, boundary: str = "=b1", headers: str = HEAD) -> bytes:
    divided = b"".join(b"--" + boundary.encode() + b"\r\n" + each + b"\r\n" for each in parts)
    head = f'{headers}Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return head + divided + b"--" + boundary.encode() + b"--\r\n"
