"""HTML before anything reads it: whether it is small and flat enough for parsers that are not linear."""

from __future__ import annotations

import re

LARGEST = 1024 * 1024  # characters
MOST_ENTITIES = 50_000
MOST_ATTRIBUTES = 1_000  # in one tag, roughly: a picture within its address is long without being many
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Void, or closed by the parser itself when the next one opens
FLAT = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "p", "li", "dt", "dd", "tr", "td", "th", "option", "tbody", "thead", "tfoot", "colgroup", "html", "head", "body",
})  # fmt: skip


def is_reasonable(html: str, deepest: int) -> bool:
    """False for what only an attacker writes: nh3 and lxml take quadratic time for it."""
    if len(html) > LARGEST or html.count("&") > MOST_ENTITIES:
        return False
    depth = 0
    for match in TAG.finditer(html):
        if match[2].lower() in FLAT:
            continue
        depth += -1 if match[1] else 1
        if depth > deepest:
            return False
        depth = max(depth, 0)
    return not any(len(piece) > MOST_ATTRIBUTES and _is_crowded(piece) for piece in html.split("<"))


def _is_crowded(piece: str) -> bool:
    tag = piece.partition(">")[0]
    return tag.count("=") + tag.count(" ") + tag.count("\n") + max(0, tag.count("/") - len(tag) // 32) > MOST_ATTRIBUTES
