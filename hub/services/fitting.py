"""Cuts a reply to what the channel can carry: one part is one send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from channels.contract import Capabilities, Card, Link, Medium, Menu, Template
from channels.errors import Refused
from channels.templates import checked, shown
from hub.knowledge import Format
from hub.models import Attachment
from hub.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What somebody wants to say."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    link: Link | None = None
    card: Card | None = None
    cover: Attachment | None = None  # of the card
    menu: Menu | None = None
    template: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    text: str = ""
    attachment: Attachment | None = None
    payload: dict[str, Any] = field(default_factory=dict)


def form_of(capabilities: Capabilities) -> Format:
    """What a bot's answer may look like there."""
    if capabilities.spoken:
        return "spoken"
    return "rich" if capabilities.menus or capabilities.links or capabilities.threaded else "plain"


def fit(content: Content, capabilities: Capabilities) -> list[Part]:
    if content.template:
        return [_template(content.template, capabilities)]
    if not capabilities.free_text:
        raise Refusal("template_only", "This channel carries approved templates only. Choose one of them.")
    if capabilities.whole:
        return [_whole(content, capabilities)]
    parts = [Part(text=piece) for piece in split(content.text, capabilities.text_bytes)]
    for attachment in content.attachments:
        check_media(attachment, capabilities)
        parts.append(Part(attachment=attachment))
    if content.link:
        parts += _link(content.link, capabilities)
    if content.card:
        parts.append(_card(content.card, content.cover, capabilities))
    if content.menu:
        parts += _menu(content.menu, capabilities)
    if not parts:
        raise Refusal("empty", "There is nothing to send.", 422)
    return parts


def _template(template: Template, capabilities: Capabilities) -> Part:
    form = capabilities.templates.get(template.name)
    if form is None:
        raise Refusal("no_template", f"This channel has no template {template.name}.", 422)
    try:
        fields = checked(form, template)
    except Refused as error:
        raise Refusal("template_fields", error.reason, 422) from None
    return Part(text=shown(form, fields), payload={"template": {"name": template.name, "fields": fields}})


def _whole(content: Content, capabilities: Capabilities) -> Part:
    """Everything in one. Its files are the message's own; what the channel has no form for is said in words."""
    for attachment in content.attachments:
        check_media(attachment, capabilities)
    if (size := sum(attachment.size for attachment in content.attachments)) > (limit := _most_bytes(capabilities)):
        raise Refusal("too_large", f"The files have {size} bytes together; the channel takes {limit}.")
    if content.card:
        raise Refusal("cannot_carry", "This channel has no mini-program cards.")
    links = [Part(payload={"link": asdict(content.link)})] if content.link else []
    spoken = [Part(text=content.text.strip()), *(_menu(content.menu, capabilities) if content.menu else [])]
    text = "\n\n".join(part.text for part in spoken if part.text)
    if not (text or content.attachments or links):
        raise Refusal("empty", "There is nothing to send.", 422)
    return Part(text=text, payload=links[0].payload if links else {})


def _most_bytes(capabilities: Capabilities) -> int:
    return max((limit.bytes for limit in capabilities.media.values()), default=0)


def check_media(attachment: Attachment, capabilities: Capabilities) -> None:
    limit = capabilities.media.get(_medium(attachment))
    if limit is None or not limit.takes(attachment.mime):
        raise Refusal("cannot_carry", f"This channel cannot carry {attachment.mime or 'such a file'}.")
    if attachment.size > limit.bytes:
        raise Refusal("too_large", f"{attachment.name} has {attachment.size} bytes; the channel takes {limit.bytes}.")


def split(text: str, limit: int | None) -> list[str]:
    """Pieces of at most `limit` bytes of UTF-8, cut at a line, a sentence or a space where there is one."""
    text = text.strip()
    if limit is None:
        return [text] if text else []
    return list(_pieces(text, limit))


def _pieces(text: str, limit: int) -> Iterator[str]:
    while text:
        if len(text.encode()) <= limit:
            yield text
            return
        head = text.encode()[:limit].decode(errors="ignore")
        cut = max(head.rfind(mark) + len(mark) for mark in ("\n", "。", "！", "？", ". ", " "))  # 0: none of them
        head = head[: cut if cut > len(head) // 2 else len(head)]
        yield head.rstrip()
        text = text[len(head) :].lstrip()


def _link(link: Link, capabilities: Capabilities) -> list[Part]:
    if capabilities.links:
        return [Part(payload={"link": asdict(link)})]
    return [Part(text=piece) for piece in split(f"{link.title}\n{link.url}", capabilities.text_bytes)]


def _menu(menu: Menu, capabilities: Capabilities) -> list[Part]:
    if capabilities.menus:
        return [Part(payload={"menu": asdict(menu)})]
    lines = [
        menu.head,
        *(f"{number}. {choice.text}" for number, choice in enumerate(menu.choices, 1)),
        *([menu.tail] if menu.tail else []),
    ]
    return [Part(text=piece) for piece in split("\n".join(lines), capabilities.text_bytes)]


def _card(card: Card, cover: Attachment | None, capabilities: Capabilities) -> Part:
    if not capabilities.cards:
        raise Refusal("cannot_carry", "This channel has no mini-program cards.")
    if cover:
        check_media(cover, capabilities)
    return Part(payload={"card": {"title": card.title, "path": card.path}}, attachment=cover)


def _medium(attachment: Attachment) -> Medium:
    return attachment.medium  # type: ignore[return-value]
