"""The files of a mail: names, types, inline pictures; winmail.dat unpacked, forwarded mails and calendars as files."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field

import filetype  # type: ignore[import-untyped]

from channels.email import headers, tnef
from channels.email.mime import Part, parameters

MOST = 100
LARGEST_WINMAIL = 25 * 1024 * 1024
VAGUE = {"application/octet-stream", "application/x-octet-stream", "application/unknown", "binary/octet-stream", ""}
WINMAIL = {"application/ms-tnef", "application/vnd.ms-tnef", "application/x-ms-tnef"}
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}
# What a part is called that brings no name
UNNAMED = {
    "text/calendar": "invite.ics",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/feedback-report": "feedback-report.txt",
    "text/rfc822-headers": "headers.txt",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.txt",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "text/plain": "text.txt",
    "text/html": "page.html",
}


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file as it can be kept: its name is safe, its type is what it says it is unless that says nothing."""

    name: str
    mime: str
    size: int
    content: bytes = field(repr=False)
    cid: str = ""  # how the HTML of the same mail names it
    location: str = ""  # the other way to name it
    inline: bool = False  # meant to be seen within the text

    @property
    def is_picture(self) -> bool:
        """By its bytes: what may be shown in the text, which SVG may not."""
        return media_type(self.content) in PICTURES


def media_type(content: bytes) -> str:
    known = filetype.guess_mime(content[:8192]) if content else None
    return str(known or "")


def enclose(part: Part, hint: str, number: int) -> list[Enclosure]:
    """One file for most parts, several for a winmail.dat."""
    content = (
        bytes(part.body)
        if part.mime in ("message/rfc822", "message/global") and not _is_encoded(part)
        else part.content()
    )
    name = name_of(part, hint)
    if part.mime in WINMAIL or name.lower() == "winmail.dat":
        unpacked = tnef.read(content[:LARGEST_WINMAIL])
        if unpacked and unpacked.files:
            return [_from_winmail(each, number + index) for index, each in enumerate(unpacked.files)]
    mime = part.mime
    if mime in VAGUE:
        mime = media_type(content) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    cid = headers.plain(part.header("content-id")[:1000]).strip("<> ")
    return [
        Enclosure(
            name=name or _unnamed(part, mime, hint, number),
            mime=mime,
            size=len(content),
            content=content,
            cid=cid,
            location=headers.plain(part.header("content-location")[:1000]),
            inline=part.disposition == "inline" or (bool(cid) and part.disposition != "attachment"),
        )
    ]


def name_of(part: Part, hint: str) -> str:
    """ "" for a part without a name."""
    for known in (parameters(part.header("content-disposition")), part.parameters):
        for key in ("filename", "name"):
            if given := headers.file_name(known.get(key, b""), known.get(f"{key}*", b""), hint):
                return given
    return ""


def _unnamed(part: Part, mime: str, hint: str, number: int) -> str:
    if part.children and mime in ("message/rfc822", "message/global"):
        subject = headers.safe_name(headers.subject(part.children[0].header("subject"), hint).replace("/", "_"))
        return headers.safe_name(f"{subject or 'message'}.eml")
    if mime in UNNAMED:
        return UNNAMED[mime]
    return f"attachment-{number + 1}{mimetypes.guess_extension(mime) or '.bin'}"


def _is_encoded(part: Part) -> bool:
    return part.header("content-transfer-encoding").strip().lower() in (b"base64", b"quoted-printable")


def _from_winmail(file: tnef.Enclosed, number: int) -> Enclosure:
    mime = file.mime or media_type(file.content) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Enclosure(
        name=headers.safe_name(file.name) or f"attachment-{number + 1}{mimetypes.guess_extension(mime) or '.bin'}",
        mime=mime,
        size=len(file.content),
        content=file.content,
        cid=file.content_id,
        inline=bool(file.content_id),
    )
