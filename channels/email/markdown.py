"""The part of Markdown that agents write, as the HTML of a mail: what they typed is never HTML itself."""

from __future__ import annotations

from functools import cache
from html import escape

from markdown_it import MarkdownIt

# no headings, images, tables or code by indentation: people write "# 3" and indent, and mean nothing by it
RULES = [
    "emphasis",
    "strikethrough",
    "link",
    "autolink",
    "escape",
    "newline",
    "backticks",
    "fence",
    "list",
    "blockquote",
]
PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"></head>'
    '<body style="font-family:sans-serif;font-size:14px;line-height:1.6">{}</body></html>\n'
)


def html_of(text: str) -> str:
    return str(_renderer().render(text))


def page(*parts: str) -> str:
    return PAGE.format("\n".join(part for part in parts if part))


def lines(text: str) -> str:
    """Plain text with its line breaks."""
    return escape(text).replace("\n", "<br>\n")


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("zero", {"breaks": True, "html": False}).enable(RULES)
