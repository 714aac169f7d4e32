"""Files that WeChat carries: what it takes of each type, and the bytes behind what customers send."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import filetype  # type: ignore[import-untyped]
import requests

from channels.contract import File, MediaLimit, Medium
from channels.errors import Refused, Unreachable
from channels.http import Http, is_beside_us

MB = 1024 * 1024
# WeChat goes by the end of the file's name
EXTENSIONS: dict[str, dict[str, str]] = {
    "image": {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"},
    "voice": {"audio/amr": "amr", "audio/mpeg": "mp3"},
    "video": {"video/mp4": "mp4"},
}
TAKEN: dict[Medium, str] = {
    "image": "PNG, JPEG and GIF pictures",
    "audio": "AMR and MP3 recordings",
    "video": "MP4 videos",
}
LIMITS: dict[Medium, MediaLimit] = {
    "image": MediaLimit(2 * MB, frozenset(EXTENSIONS["image"])),
    "audio": MediaLimit(2 * MB, frozenset(EXTENSIONS["voice"])),
    "video": MediaLimit(10 * MB, frozenset(EXTENSIONS["video"])),
}
TYPES: dict[Medium, str] = {"image": "image", "audio": "voice", "video": "video"}  # what WeChat calls them
UNGUESSED = {"audio/amr-wb": "amr", "audio/speex": "spx"}  # recordings that filetype does not know by their bytes
LARGEST_VIDEO = 20 * MB


def type_of(file: File, limits: Mapping[Medium, MediaLimit]) -> str:
    """WeChat's word for a file that we send."""
    for medium, limit in limits.items():
        if limit.takes(file.mime):
            return TYPES[medium]
    raise Refused(f"WeChat takes {', '.join(TAKEN[medium] for medium in limits)} only")


def part_of(kind: str, file: File) -> tuple[str, bytes, str]:
    """The file as an upload carries it."""
    return f"{kind}.{EXTENSIONS[kind][file.mime]}", file.content, file.mime


def named(answer: requests.Response, name: str) -> File:
    """The file is named after what is in it, whatever WeChat says."""
    if not answer.content:
        raise Unreachable("WeChat sent no file")
    known = filetype.guess(answer.content)
    if known:
        return File(f"{name}.{known.extension}", known.mime, answer.content)
    mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return File(f"{name}.{UNGUESSED[mime]}" if mime in UNGUESSED else name, mime, answer.content)


def follow(url: str, api_base: str, http: Http) -> requests.Response:
    """What WeChat answers with an address instead of the file itself. It must not lead into our own network."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("WeChat named a place to fetch the file from that is no web address")
    if parts.netloc != urlsplit(api_base).netloc:
        at_home = is_beside_us(api_base)
        if not all(address.is_global or (at_home and address.is_loopback) for address in _addresses(parts.hostname)):
            raise Refused("WeChat named a place to fetch the file from that is not on the internet")
    return http.request("GET", url, limit=LARGEST_VIDEO)


def is_public(host: str) -> bool:
    return all(address.is_global for address in _addresses(host))


def _addresses(host: str) -> list[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the second for names that no host can have
        raise Unreachable(f"there is no host {host}") from None
    return [_unmapped(ip_address(str(address[0]).partition("%")[0])) for *_, address in found]


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return getattr(address, "ipv4_mapped", None) or address
