"""What accounts of each kind may send, upload, hear and call: WeChat's own rules, limits and codes, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal["message", "enter", "menu", "follow", "scan"]
HOUR = 3600
KB, MB = 1024, 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """What one medium may be. The end of the file's name decides its type."""

    bytes: int
    names: tuple[str, ...]
    seconds: float | None = None


@dataclass(frozen=True)
class Kind:
    """What accounts of one kind may do."""

    official: bool  # people follow it, and it answers within the push
    hears: frozenset[str]  # the types of messages WeChat pushes
    send_types: frozenset[str]
    refused_types: Mapping[str, int]  # types WeChat knows but refuses here, with its code
    inline_types: frozenset[str]  # what the answer to a push may be
    uploads: Mapping[str, Upload]
    formats: tuple[str, ...]
    allowances: Mapping[Action, tuple[int, int]]  # after a user's action: messages, seconds; spent in this order
    lacks: frozenset[str]  # endpoints that no account of this kind may call
    needs_verification: frozenset[str] = frozenset()  # and those only a verified one may


IMAGE = Upload(10 * MB, (".png", ".jpg", ".jpeg", ".gif"))
OFFICIAL_UPLOADS = {
    "image": IMAGE,
    "voice": Upload(2 * MB, (".amr", ".mp3"), seconds=60),
    "video": Upload(10 * MB, (".mp4",)),
    "thumb": Upload(64 * KB, (".jpg", ".jpeg")),
}
OFFICIAL_TYPES = frozenset(
    {"text", "image", "voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "wxcard"}
    | {"miniprogrampage"}
)
OFFICIAL_ALLOWANCES: Mapping[Action, tuple[int, int]] = {
    "menu": (3, 60),
    "follow": (3, 60),
    "scan": (3, 60),
    "message": (5, 48 * HOUR),
}
VERIFIED_ONLY = frozenset(
    {"custom/send", "custom/typing", "customservice/getkflist", "user/info", "user/info/batchget"}
    | {"template/send", "subscribe/bizsend"}
)


def _official(lacks: frozenset[str]) -> Kind:
    return Kind(
        official=True,
        hears=frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link"}),
        send_types=OFFICIAL_TYPES,
        refused_types={},
        inline_types=frozenset({"text", "image", "voice", "video", "music", "news", "transfer_customer_service"}),
        uploads=OFFICIAL_UPLOADS,
        formats=("xml",),
        allowances=OFFICIAL_ALLOWANCES,
        lacks=lacks,
        needs_verification=VERIFIED_ONLY,
    )


KINDS: Mapping[str, Kind] = {
    "mp": Kind(
        official=False,
        hears=frozenset({"text", "image", "miniprogrampage"}),
        send_types=frozenset({"text", "image", "link", "miniprogrampage"}),
        refused_types=dict.fromkeys(("voice", "video", "music", "news", "mpnews", "mpnewsarticle", "wxcard"), 45162)
        | {"msgmenu": 40200},
        inline_types=frozenset({"transfer_customer_service"}),
        uploads={"image": IMAGE},
        formats=("json", "xml"),
        allowances={"enter": (2, 60), "message": (5, 48 * HOUR)},
        lacks=frozenset({"user/info", "user/info/batchget", "template/send", "subscribe/bizsend"}),
    ),
    "service": _official(lacks=frozenset({"subscribe/send", "jscode2session"})),
    "subscription": _official(lacks=frozenset({"subscribe/send", "jscode2session", "template/send"})),
}
