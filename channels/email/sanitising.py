"""HTML of strangers made safe to show: an allow-list, our own inline images, remote images only when asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import nh3

from channels.email.pages import is_reasonable

DEEPEST = 500
TAGS = {
    "a", "abbr", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del",
    "details", "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong",
    "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
GONE_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "template",
    "noscript",
    "iframe",
    "object",
    "svg",
    "math",
    "textarea",
    "select",
}
ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title", "valign"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "size"},
    "table": {"border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "height", "bgcolor"},
    "th": {"colspan", "rowspan", "width", "height", "bgcolor"},
    "tr": {"bgcolor", "height"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type"},
    "ul": {"type"},
}
# Nothing that moves, covers or hides: position, z-index, display, opacity, negative margins, addresses
STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right",
    "border-style", "border-top", "border-width", "color", "font-family", "font-size", "font-style", "font-weight",
    "line-height", "list-style-type", "padding", "padding-bottom", "padding-left", "padding-right", "padding-top",
    "text-align", "text-decoration", "vertical-align", "white-space", "width",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel", "cid", "data"}
PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
WATCHED = {"width", "height", "colspan", "rowspan", "span", "href", "src"}
LONGEST_LINK = 4_000
LARGEST_NUMBER = 5_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What an agent's browser gets, inside of a frame without scripts."""

    html: str
    blocked_images: int = 0  # remote ones, which would tell the sender that and where the mail is read


def sanitise(
    html: str,
    inline: Mapping[str, str] | None = None,
    remote: Callable[[str], str] | None = None,
) -> Shown | None:
    """`inline`: where each Content-ID of this mail is served. `remote`: where our proxy serves an image, when the agent
    asked for them. None for HTML that is too large or too deep to be made safe: show the text."""
    if not is_reasonable(html, DEEPEST):
        return None
    blocked = 0

    def keep(tag: str, attribute: str, value: str) -> str | None:
        nonlocal blocked
        if attribute not in WATCHED:
            return value
        if attribute in ("width", "height", "colspan", "rowspan", "span"):
            return value if _number(value) <= LARGEST_NUMBER else None
        if attribute == "href":
            return None if value.strip().lower().startswith(("data:", "cid:")) else value[:LONGEST_LINK]
        if (tag, attribute) != ("img", "src"):
            return value
        if value.strip().lower().startswith("cid:"):
            return (inline or {}).get(unquote(value.strip()[4:]).strip("<>"))
        if inline and value in inline:  # named by its Content-Location
            return inline[value]
        if REMOTE.match(value):
            if remote:
                return remote(value.strip())
            blocked += 1
            return None
        return value if PICTURE.fullmatch(value.strip()) else None

    clean = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=GONE_WITH_CONTENT,
        attributes=ATTRIBUTES,
        attribute_filter=keep,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        filter_style_properties=STYLES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return Shown(clean, blocked)


def _number(value: str) -> int:
    digits = re.match(r"\s*(\d{1,9})", value)
    return int(digits[1]) if digits else 0
