"""HTML as plain text, and as text in which `> ` stands before what mail clients marked as quoted.

No tree is built: what a reader sees as lines needs only the order of tags, deep nesting costs nothing, and a page is
read in one pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

from channels.email.pages import LARGEST

MOST_TAGS = 20_000
LONGEST_TAG = 20_000
# How many line ends stand before and after an element; a cell is followed by a blank, as no table is drawn
LINES = (
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "footer", "form", "header", "hr", "li", "main", "nav", "ol", "pre", "section", "table", "tr", "ul",
)  # fmt: skip
PARAGRAPHS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "figure")
BREAKS = {**dict.fromkeys(LINES, 1), **dict.fromkeys(PARAGRAPHS, 2)}
CELLS = {"td", "th"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNSEEN = {"script", "style", "title", "template", "textarea", "noscript", "object", "svg", "math", "select", "xml"}
ONLY_TEXT = {"script", "style", "title", "textarea"}  # what looks like a tag in them is none
CONTAINED = {"div", "blockquote", "span", "hr"}
TAG = re.compile(r"<(?:(/?)([a-zA-Z][a-zA-Z0-9:-]*)([^<>]*)>?|!--.*?(?:-->|\Z)|[!?][^<>]*>?)", re.DOTALL)
ATTRIBUTE = re.compile(r"""\b(id|class|type|style)\s*=\s*(?:"\s*([^"]*)"|'\s*([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
BLANKS = re.compile(r"[ \t\r\n\f]+")
NOT_SHOWN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
HIDDEN = re.compile(r"<(script|style|title|head|template)\b.*?(?:</\1|\Z)", re.IGNORECASE | re.DOTALL)
ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b", re.IGNORECASE)
EMPTY_LINES = re.compile(r"\n(?:[ \t\u00a0]*\n){2,}")

# What our clients put around the mail that they quote, by attribute: in `id`s Outlook's web client writes x_ in front
# of what it quotes itself. Gmail's div around attribution and quote is none: answers stand between the quotes in it.
CONTAINERS = {
    "class": re.compile(r"^(?:x_)*(?:yahoo_quoted|protonmail_quote|zmail_extra|gmail_attr)\b"),
    "id": re.compile(
        r"^(?:x_)*(?:isreplycontent|ntes-\w+-quote|mail-editor-reference-message-container|olk_src_body_section)\s*$"
    ),
}
BLOCKQUOTES = {
    **CONTAINERS,
    "class": re.compile(r"\b(?:gmail_quote|protonmail_quote|yahoo_quoted|cite|tutanota_quote)\b"),
    "type": re.compile(r"^cite$"),
    "style": re.compile(r"margin-left: ?0\.5em"),  # Foxmail
}
FORWARDED = re.compile(r"\s*-{4}")  # how Gmail begins its line above a mail that is passed on: that is no quote
# All that follows is quoted
HEADS = {
    "id": re.compile(r"^(?:x_)*(?:divrplyfwdmsg|appendonsend|zwchr|orimsghtmlseperator)\s*$"),
    "style": re.compile(r"border: ?none; ?border-top: ?solid #(?:e1e1e1|b5c4df) 1\.0pt; ?padding: ?3\.0pt"),
}
# Words without which none of these can be there: looked for first, because most pages have none
SIGNS = (
    "cite", "gmail_quote", "yahoo_quoted", "protonmail_quote", "divrplyfwdmsg", "appendonsend", "isreplycontent",
    "ntes-", "zwchr", "#e1e1e1", "#b5c4df", "0.5em", "zmail_extra", "mail-editor-reference", "orimsghtml",
    "olk_src_body", "tutanota_quote",
)  # fmt: skip
MARK = "\x02"  # stands for `> ` until it is known whether it is wanted


def to_text(html: str) -> tuple[str, str]:
    """What a reader sees, as lines; and the same with `> ` in front of what a client marked as quoted, or ""."""
    text = _read(html)
    return (text.replace(MARK, ""), text.replace(MARK, "> ")) if MARK in text else (text, "")


def has_marks(html: str) -> bool:
    lowered = html[:LARGEST].lower()
    return any(sign in lowered for sign in SIGNS)


def without_tags(html: str) -> str:
    """For pages that only an attacker writes."""
    shown = ANY_TAG.sub("", BREAK.sub("\n<br", HIDDEN.sub("", html[:LARGEST])))
    return EMPTY_LINES.sub("\n\n", unescape(shown)).strip()


@dataclass(slots=True)
class Writer:
    """Lines, begun where a browser begins them."""

    pieces: list[str] = field(default_factory=list)
    wanted: int = 0  # line ends before the next word
    started: bool = False
    after_cell: bool = False
    prefix: str = ""

    def write(self, said: str, as_it_is: bool) -> None:
        if not as_it_is:
            said = BLANKS.sub(" ", said)
            if said == " " and (self.wanted or not self.started):
                return
        if "&" in said:
            said = unescape(said)
        if self.started and self.wanted:
            self.pieces.append("\n" * self.wanted + self.prefix)
        elif not self.started:
            self.pieces.append(self.prefix)
        elif self.after_cell:
            self.pieces.append(" ")
        if self.prefix and as_it_is:
            said = said.replace("\n", "\n" + self.prefix)
        self.pieces.append(said)
        self.wanted, self.started, self.after_cell = 0, True, False

    def end_line(self) -> None:
        """A `<br>`: an empty line where the line is already ended."""
        if self.started and self.wanted:
            self.pieces.append("\n" * self.wanted)
        self.wanted = 1

    def text(self) -> str:
        lines = "".join(self.pieces).replace("\r", "\n").split("\n")
        return EMPTY_LINES.sub("\n\n", "\n".join([line.strip(" \t\f\v\xa0") for line in lines])).strip("\n")


def _read(html: str) -> str:
    html = html[:LARGEST].replace(MARK, "")
    writer = Writer()
    position = preformatted = 0
    hidden = quoted = ""  # the element that hides, or is a quote, and how often its name is open within it
    hidden_depth = quoted_depth = 0
    for tag in TAG.finditer(html):
        start = tag.start()
        if start < position:
            continue  # no tag: within a value, or a script
        if start > position and not hidden:
            writer.write(html[position:start], preformatted > 0)
        position = tag.end()
        closes, name, attributes = tag.groups()
        if name is None:
            continue
        name = name.lower()
        if attributes and attributes.count('"') % 2 and (end := html.find('">', position, position + LONGEST_TAG)) >= 0:
            position = end + 2
            attributes = html[tag.start(3) : end + 1]
        if hidden:
            if name == hidden:
                hidden_depth += -1 if closes else not attributes.endswith("/")
                hidden = hidden if hidden_depth else ""
            continue
        if name == quoted:
            quoted_depth += -1 if closes else 1
            if not quoted_depth:
                quoted, writer.prefix, writer.wanted = "", "", max(writer.wanted, 1)
        if name == "br":
            writer.end_line()
        elif lines := BREAKS.get(name):
            if writer.wanted < lines:
                writer.wanted = lines
            if name == "pre":
                preformatted = max(0, preformatted + (-1 if closes else 1))
        elif name in CELLS:
            writer.after_cell = True
        if closes:
            continue
        if name in UNSEEN or ("isplay" in attributes and name not in VOID and NOT_SHOWN.search(attributes)):
            if name in ONLY_TEXT:
                position = _end_of(html, name, position)
            elif not attributes.endswith("/"):
                hidden, hidden_depth = name, 1
        elif attributes and not quoted and name in CONTAINED:
            if _is_one_of(HEADS, attributes):
                quoted, quoted_depth = "-", 1  # until the end
            elif _is_quote(name, attributes) and not FORWARDED.match(html, position):
                quoted, quoted_depth = name, 1
            if quoted:
                writer.prefix, writer.wanted = MARK, max(writer.wanted, 1)
        if name == "li":
            writer.write("* ", as_it_is=True)
    if not hidden and position < len(html):
        writer.write(html[position:], preformatted > 0)
    return writer.text()


def _end_of(html: str, name: str, position: int) -> int:
    """Where the tag begins that closes an element whose content is only text."""
    closing = re.compile(f"</{name}", re.IGNORECASE).search(html, position)
    return closing.start() if closing else len(html)


def _is_quote(name: str, attributes: str) -> bool:
    return _is_one_of(BLOCKQUOTES if name == "blockquote" else CONTAINERS, attributes)


def _is_one_of(known: dict[str, re.Pattern[str]], attributes: str) -> bool:
    for match in ATTRIBUTE.finditer(attributes[:2_000]):
        if (pattern := known.get(match[1].lower())) and pattern.search(
            (match[2] or match[3] or match[4] or "").lower()
        ):
            return True
    return False
