"""Files that an account sends: what Twilio takes, fetched before it sends; and how a handset's page names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import requests

from simulator.twilio.callbacks import LOOPBACK
from simulator.twilio.world import Media, new_sid

MB = 1024 * 1024
MOST_FILES = 10
LARGEST: Mapping[str, int] = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif"), 5 * MB),
    **dict.fromkeys(("audio/mpeg", "audio/mp4", "audio/amr", "audio/ogg", "audio/wav"), MB // 2),
    **dict.fromkeys(("video/mp4", "video/3gpp"), MB // 2),
    **dict.fromkeys(("application/pdf", "text/vcard", "text/plain"), MB // 2),
}
UNREACHABLE, BAD_TYPE, TOO_LARGE = 11200, 12300, 11751
FETCHED_WITHIN = 15.0


def fetch(url: str, now: float) -> Media | int:
    """As Twilio does before it sends: without a login. Else the error that the message fails with."""
    if urlsplit(url).hostname not in LOOPBACK:
        return UNREACHABLE
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=FETCHED_WITHIN, allow_redirects=False)
    except requests.RequestException:
        return UNREACHABLE
    if answer.status_code != 200:
        return UNREACHABLE
    mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if mime not in LARGEST:
        return BAD_TYPE
    return Media(new_sid("ME"), mime, answer.content, now) if len(answer.content) <= LARGEST[mime] else TOO_LARGE


def shown(media: Sequence[Media]) -> list[dict[str, str]]:
    """For the page of the handset."""
    return [{"url": f"/_sim/phones/media/{each.sid}", "mime": each.mime} for each in media]
