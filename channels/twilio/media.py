"""Files of MMS: where those that come in lie, what they may be, and what Twilio takes of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import filetype  # type: ignore[import-untyped]

from channels import strangers
from channels.contract import Attachment, File, MediaLimit, Medium
from channels.errors import Refused, Unreachable
from channels.http import Http, is_beside_us

MB = 1024 * 1024
LARGEST = 5 * MB  # of a whole MMS
SLOWEST = 15.0  # seconds for a file of that size
HOST = re.compile(r"https://api(?:\.[a-z0-9-]+){0,2}\.twilio\.com")
PLACE = re.compile(
    r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Messages/((?:SM|MM)[0-9a-f]{32})/Media/(ME[0-9a-f]{32})(?:\.json)?"
)
REF = re.compile(r"((?:SM|MM)[0-9a-f]{32})/(ME[0-9a-f]{32})/(.*)", re.DOTALL)
MEDIUMS: Mapping[str, Medium] = {"image": "image", "audio": "audio", "video": "video"}
# files that cannot be told by their bytes; whatever else a stranger sends is bytes without a meaning
UNGUESSED = {
    "text/plain": "txt",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/calendar": "ics",
    "text/csv": "csv",
}
UNKNOWN = "application/octet-stream"
LIMITS: Mapping[Medium, MediaLimit] = {
    "image": MediaLimit(LARGEST, frozenset({"image/jpeg", "image/png", "image/gif"})),
    "audio": MediaLimit(500 * 1024, frozenset({"audio/mpeg", "audio/mp4", "audio/amr", "audio/ogg"})),
    "video": MediaLimit(500 * 1024, frozenset({"video/mp4", "video/3gpp"})),
    "file": MediaLimit(500 * 1024, frozenset({"application/pdf", "text/vcard", "text/plain"})),
}


def announced(url: str, mime: str, account_sid: str, message_sid: str, api_base: str) -> Attachment | None:
    """The file by its ids; None where the address is not one of this message's. It is never called as it came."""
    host = api_base if url.startswith(f"{api_base}/") else (HOST.match(url) or [""])[0]
    place = PLACE.fullmatch(url.removeprefix(host)) if host else None
    if not place or place[1] != account_sid or place[2] != message_sid:
        return None
    return listed(message_sid, place[3], mime)


def listed(message_sid: str, file_sid: str, mime: str) -> Attachment:
    mime = mime.partition(";")[0].strip().lower()
    return Attachment(MEDIUMS.get(mime.partition("/")[0], "file"), f"{message_sid}/{file_sid}/{mime}")


def path_of(attachment: Attachment) -> tuple[str, str]:
    """Where Twilio has it, below the account, and its type as it was announced."""
    found = REF.fullmatch(attachment.ref)
    if not found:
        raise Refused("this is no file of Twilio's")
    return f"Messages/{found[1]}/Media/{found[2]}", found[3]


def follow(url: str, api_base: str, http: Http) -> bytes:
    """From the storage that Twilio names, without our credentials: the address has its own."""
    parts = urlsplit(url)
    if is_beside_us(api_base) and is_beside_us(url):
        return http.request("GET", url, limit=LARGEST).content
    if parts.scheme != "https" or not parts.hostname:
        raise Refused("Twilio named a place to fetch the file from that is no safe web address")
    return strangers.fetch(url, LARGEST, SLOWEST)


def named(content: bytes, mime: str, name: str) -> File:
    """The file is named after what is in it, whatever was announced."""
    if not content:
        raise Unreachable("Twilio sent no file")
    if known := filetype.guess(content):
        return File(f"{name}.{known.extension}", known.mime, content)
    if mime in UNGUESSED:
        return File(f"{name}.{UNGUESSED[mime]}", mime, content)
    return File(name, UNKNOWN, content)
