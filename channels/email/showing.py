"""A mail as a page for a frame without scripts: everything it shows is in it, nothing is loaded."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait

from channels import strangers
from channels.contract import Page
from channels.email.enclosures import PICTURES, media_type
from channels.email.parsing import Mail
from channels.email.sanitising import sanitise
from channels.errors import SendError

LARGEST_PICTURE = 5 * 1024 * 1024
LARGEST_TOGETHER = 15 * 1024 * 1024
MOST_FETCHED = 40
AT_ONCE = 8
PATIENCE = 10.0  # seconds for all of them
# mail programs set the space between paragraphs in ways that do not survive: little suits all of them
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><style>
body{{margin:12px;font:14px/1.6 system-ui,sans-serif;color:#111;background:#fff;overflow-wrap:anywhere}}
p{{margin:.3em 0}}img{{max-width:100%;height:auto}}table{{max-width:100%}}pre{{white-space:pre-wrap}}
blockquote{{margin:0 0 0 .6em;padding-left:.8em;border-left:2px solid #ccc}}
</style></head><body data-blocked="{blocked}">{html}</body></html>
"""


def page(mail: Mail, *, pictures: bool) -> Page | None:
    """None where there is no HTML, or none that can be made safe. `pictures`: fetch those that lie elsewhere."""
    inline = _inline(mail)
    shown = sanitise(mail.html, inline) if mail.html else None
    if shown is None:
        return None
    if pictures and shown.blocked_images:
        wanted: dict[str, None] = {}
        sanitise(mail.html, inline, lambda url: wanted.setdefault(url) or "")
        fetched = _fetched(list(wanted)[:MOST_FETCHED])
        with_pictures = sanitise(mail.html, inline, lambda url: fetched.get(url, ""))
        html, blocked = (with_pictures or shown).html, len(wanted) - len(fetched)
    else:
        html, blocked = shown.html, shown.blocked_images
    return Page(PAGE.format(blocked=blocked, html=html), blocked)


def _inline(mail: Mail) -> dict[str, str]:
    return _within_limits((name, each.content) for name, each in mail.inline_images.items())


def _fetched(urls: list[str]) -> Mapping[str, str]:
    if not urls:
        return {}
    pool = ThreadPoolExecutor(AT_ONCE)
    asked = {pool.submit(_fetch, url): url for url in urls}
    done, _ = wait(asked, PATIENCE)
    pool.shutdown(wait=False, cancel_futures=True)
    return _within_limits((asked[each], each.result()) for each in done)


def _fetch(url: str) -> bytes:
    try:
        return strangers.fetch(f"https:{url}" if url.startswith("//") else url, LARGEST_PICTURE, PATIENCE)
    except SendError:
        return b""


def _within_limits(pictures: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """As addresses that carry the picture itself. What it is, its bytes decide."""
    found: dict[str, str] = {}
    together = 0
    for name, content in pictures:
        kind = media_type(content)
        together += len(content)
        if kind in PICTURES and len(content) <= LARGEST_PICTURE and together <= LARGEST_TOGETHER:
            found[name] = f"data:{kind};base64,{b64encode(content).decode()}"
    return found
