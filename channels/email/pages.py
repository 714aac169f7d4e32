"""HTML before anything reads it: whether it is small and flat enough for a sanitiser that is not linear."""

from __future__ import annotations

import re

LARGEST = 1024 * 1024  # characters
MOST_ENTITIES = 50_000
MOST_ATTRIBUTES = 1_000  # in one tag, roughly: a picture within its address is long without being many
# All tags but the most frequent void ones: a page whose every tag is closed is told flat by these alone, and soon
ANY = re.compile(r"<(/?)(?:[ac-gj-kn-zA-Z]|b(?!r)|h(?!r)|i(?!mg|nput)|l(?!ink)|m(?!eta))")
# Void, or closed by the parser itself when the next one opens
FLAT = (
    "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
    "|p|li|dt|dd|tr|td|th|option|tbody|thead|tfoot|colgroup|html|head|body"
)
NESTED = re.compile(rf"<(/?)(?!(?:{FLAT})(?![a-z0-9]))[a-z]", re.IGNORECASE)


def is_reasonable(html: str, deepest: int) -> bool:
    """False for what only an attacker writes: nh3 takes quadratic time for it."""
    if len(html) > LARGEST or html.count("&") > MOST_ENTITIES:
        return False
    pieces = html.split("<")
    if len(pieces) > deepest and not (_is_flat(ANY, html, deepest) or _is_flat(NESTED, html, deepest)):
        return False
    return not any(_is_crowded(piece) for piece in pieces if len(piece) > MOST_ATTRIBUTES)


def _is_flat(tags: re.Pattern[str], html: str, deepest: int) -> bool:
    depth = 0
    for closes in tags.findall(html):
        if not closes:
            depth += 1
            if depth > deepest:
                return False
        elif depth:
            depth -= 1
    return True


def _is_crowded(piece: str) -> bool:
    tag = piece.partition(">")[0]
    return tag.count("=") + tag.count(" ") + tag.count("\n") + max(0, tag.count("/") - len(tag) // 32) > MOST_ATTRIBUTES
