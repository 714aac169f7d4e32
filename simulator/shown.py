"""What the account sends, checked as WeChat checks it, and as the customer's phone shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.accounts import Account, Media, World
from simulator.errors import ApiError
from simulator.media import amr_seconds

TEXT_BYTES = 2048
COVERS = ("thumb", "image")

Content = dict[str, Any]


def _text(world: World, account: Account, content: Content) -> Content:
    text = filled(content, "content")
    if len(text.encode()) > TEXT_BYTES:
        raise ApiError(45002, f"{len(text.encode())} bytes of text")
    return {"text": text}


def _image(world: World, account: Account, content: Content) -> Content:
    return {"image_url": url_of(_media(world, account, content.get("media_id"), "image"))}


def _voice(world: World, account: Account, content: Content) -> Content:
    media = _media(world, account, content.get("media_id"), "voice")
    return {"voice": {"url": url_of(media), "seconds": amr_seconds(media.data)}}


def _video(world: World, account: Account, content: Content) -> Content:
    media = _media(world, account, content.get("media_id"), "video")
    cover = url_of(_media(world, account, content["thumb_media_id"], *COVERS)) if content.get("thumb_media_id") else ""
    return {"video": {"url": url_of(media), "cover_url": cover, **_optional(content, "title", "description")}}


def _music(world: World, account: Account, content: Content) -> Content:
    cover = url_of(_media(world, account, content.get("thumb_media_id"), *COVERS))
    told = _optional(content, "title", "description", "musicurl", "hqmusicurl")
    return {"music": {**told, "cover_url": cover}}


def _news(world: World, account: Account, content: Content) -> Content:
    articles = content.get("articles")
    if not isinstance(articles, list) or not articles:
        raise ApiError(44003)
    if len(articles) > 1:
        raise ApiError(45008, f"{len(articles)} articles")
    return {"articles": [article(each) for each in articles]}


def article(content: object) -> Content:
    content = content if isinstance(content, dict) else {}
    return {"title": filled(content, "title"), **_optional(content, "description", "url", "picurl")}


def _menu(world: World, account: Account, content: Content) -> Content:
    given = content.get("list")
    if not isinstance(given, list) or not given:
        raise ApiError(44004, "list is empty")
    choices = [each if isinstance(each, dict) else {} for each in given]
    ends = _optional(content, "head_content", "tail_content")
    return {
        "menu": {
            "head": ends["head_content"],
            "choices": [{"id": str(each.get("id", "")), "text": filled(each, "content")} for each in choices],
            "tail": ends["tail_content"],
        }
    }


def _link(world: World, account: Account, content: Content) -> Content:
    told = {"title": filled(content, "title"), "url": filled(content, "url")}
    return {"link": {**told, **_optional(content, "description", "thumb_url")}}


def _card(world: World, account: Account, content: Content) -> Content:
    told = {"title": filled(content, "title"), "page_path": filled(content, "pagepath")}
    if account.may.official:  # a mini program shows its own pages only
        linked = world.accounts.get(str(content.get("appid", "")))
        if linked is None or linked.kind != "mp":
            raise ApiError(40013, "no linked mini program has this appid")
        told["app_id"] = linked.app_id
    return {"card": {**told, "cover_url": url_of(_media(world, account, content.get("thumb_media_id"), *COVERS))}}


def _stored(name: str) -> Callable[[World, Account, Content], Content]:
    """Types that only name something kept in the account's own shelves, which are not played here."""
    return lambda world, account, content: {"stored": {name: filled(content, name)}}


SHOWN: Mapping[str, Callable[[World, Account, Content], Content]] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "music": _music,
    "news": _news,
    "msgmenu": _menu,
    "link": _link,
    "miniprogrampage": _card,
    "mpnews": _stored("media_id"),
    "mpnewsarticle": _stored("article_id"),
    "wxcard": _stored("card_id"),
}


def filled(content: Content, name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ApiError(44004, f"{name} is empty")
    return value


def _optional(content: Content, *names: str) -> dict[str, str]:
    return {name: str(content.get(name) or "") for name in names}


def _media(world: World, account: Account, media_id: object, *mediums: str) -> Media:
    media = world.live_media(account, media_id)
    if media is None:
        raise ApiError(40007)
    if media.medium not in mediums:
        raise ApiError(40007, f"it is a {media.medium}")
    return media


def url_of(media: Media) -> str:
    return f"/_sim/media/{media.id}"
