"""HTML as plain text, and without what mail clients quote below a reply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import lxml.html
from lxml import etree

from channels.email.pages import LARGEST, is_reasonable

DEEPEST = 240  # libxml2 drops what is deeper
MOST_TAGS = 20_000
UNSEEN = ("script", "style", "head", "title", "template", "textarea", "noscript", "object", "svg", "math", "select")
INLINE = ("font", "b", "i", "u", "s", "a", "strong", "em", "small", "big", "label", "ins", "sub", "sup", "o:p", "code")
# How many line ends stand before and after an element; a cell is followed by a blank, as no table is drawn: the wide
# cell of one row would pad all others
LINES = (
    "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "footer", "form", "header", "hr", "li", "main", "nav", "ol", "pre", "section", "table", "tr", "ul",
)  # fmt: skip
PARAGRAPHS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "figure")
BREAKS = {**dict.fromkeys(LINES, 1), **dict.fromkeys(PARAGRAPHS, 2)}
BLANKS = re.compile(r"[ \t\r\n\f]+")
PARSER = {"recover": True, "no_network": True, "remove_comments": True, "remove_pis": True, "encoding": "utf-8"}
HIDDEN = re.compile(r"<(script|style|title|head|template)\b.*?(?:</\1|\Z)", re.IGNORECASE | re.DOTALL)
ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b", re.IGNORECASE)
EMPTY_LINES = re.compile(r"\n(?:[ \t\u00a0]*\n){2,}")
# What our clients put around the mail that they quote; matched on a tag's attributes in lower case
CONTAINERS = (
    ("class", re.compile(r"\b(?:gmail_quote|yahoo_quoted|protonmail_quote|zmail_extra|moz-signature)\b")),
    (
        "id",
        re.compile(
            r"^(?:x_)*(?:divrplyfwdmsg|appendonsend|isreplycontent|ntes-\w+-quote"
            r"|mail-editor-reference-message-container"
            r"|oriMsgHtmlSeperator|zwchr|reply-intro|olk_src_body_section)$",
            re.IGNORECASE,
        ),
    ),
    ("type", re.compile(r"^cite$")),
    (
        "style",
        re.compile(
            r"border-top: ?(?:1\.0pt )?(?:solid )?(?:#e1e1e1|#b5c4df)|border-top: ?#(?:e1e1e1|b5c4df) 1pt solid"
            r"|margin-left: ?0\.5em"
        ),
    ),
)
FIRST_OF_MANY = re.compile(r"divrplyfwdmsg|appendonsend|zwchr|border-top", re.IGNORECASE)
# Words without which no container can be there: looked for first, because most pages have none
SIGNS = (
    "gmail_quote", "yahoo_quoted", "protonmail_quote", "divrplyfwdmsg", "appendonsend", "isreplycontent", "ntes-",
    "zwchr", "cite", "#e1e1e1", "#b5c4df", "0.5em", "zmail_extra", "mail-editor-reference", "orimsghtml",
    "olk_src_body",
)  # fmt: skip


def to_text(html: str) -> str:
    """What a reader sees, as lines. Hostile HTML only loses its tags."""
    tree = _tree(html)
    return without_tags(html) if tree is None else _rendered(tree)


def to_text_without_quotes(html: str) -> str | None:
    """None where no client marked a quote."""
    lowered = html.lower()
    if not any(sign in lowered for sign in SIGNS) or (tree := _tree(html)) is None:
        return None
    return _rendered(tree) if _remove_quotes(tree) else None


def _tree(html: str) -> lxml.html.HtmlElement | None:
    if not html.strip() or html.count("<") > 2 * MOST_TAGS or not is_reasonable(html, DEEPEST):
        return None
    try:
        # a declared charset would be believed over the bytes that we give
        tree = lxml.html.document_fromstring(html.encode(), parser=lxml.html.HTMLParser(**PARSER))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return tree


def _rendered(tree: lxml.html.HtmlElement) -> str:
    etree.strip_elements(tree, *UNSEEN, with_tail=False)
    etree.strip_tags(tree, *INLINE)
    lines = "".join(_flow(tree)).splitlines()
    return EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in lines)).strip("\n")


def _flow(tree: lxml.html.HtmlElement) -> Iterator[str]:
    """The text in order, with line ends where a browser begins a new line."""
    wanted, started = 0, False
    hidden: lxml.html.HtmlElement | None = None
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag
        opens = event == "start"
        if opens and hidden is None and _is_hidden(element):
            hidden = element
        if tag == "br" and opens and hidden is None:
            yield "\n" * (wanted if started else 0)
            wanted = 1
        elif tag in BREAKS:
            wanted = max(wanted, BREAKS[tag])
        told = element.text if opens else element.tail
        if not opens and element is hidden:
            hidden = None
        if tag == "li" and opens:
            told = f"* {told or ''}"
        if hidden is not None or not told:
            if tag in ("td", "th") and not opens and not wanted:
                yield " "
            continue
        said = BLANKS.sub(" ", told) if tag != "pre" else told
        if said == " " and (wanted or not started):
            continue
        yield "\n" * (wanted if started else 0) + (" " if tag in ("td", "th") and not opens else "") + said
        wanted, started = 0, True


def _is_hidden(element: lxml.html.HtmlElement) -> bool:
    style = element.get("style")
    return bool(style) and "display:none" in style.replace(" ", "").lower()


def without_tags(html: str) -> str:
    shown = ANY_TAG.sub("", BREAK.sub("\n<br", HIDDEN.sub("", html[:LARGEST])))
    return EMPTY_LINES.sub("\n\n", unescape(shown)).strip()


def _remove_quotes(tree: lxml.html.HtmlElement) -> bool:
    """Takes out the first container, and all that follows where a container is only the quote's head."""
    for element in tree.iter("div", "blockquote", "hr", "span", "td", "table"):
        if (found := _container(element)) is None:
            continue
        if element.getparent() is None:
            return False
        if FIRST_OF_MANY.search(found):
            _drop_rest(element)
        _drop(element)
        return True
    return False


def _container(element: lxml.html.HtmlElement) -> str | None:
    for attribute, pattern in CONTAINERS:
        value = element.get(attribute)
        if value and (match := pattern.search(value.lower())):
            return match[0]
    return None


def _drop(element: lxml.html.HtmlElement) -> None:
    parent, tail = element.getparent(), element.tail
    previous = element.getprevious()
    parent.remove(element)
    if tail and tail.strip():
        if previous is not None:
            previous.tail = (previous.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail


def _drop_rest(element: lxml.html.HtmlElement) -> None:
    """All that stands after the element in the mail."""
    node = element
    while (parent := node.getparent()) is not None:
        node.tail = None
        for sibling in list(node.itersiblings()):
            parent.remove(sibling)
        node = parent
