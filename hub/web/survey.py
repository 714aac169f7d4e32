"""The page on which customers say how it was: no login, no scripts, whoever has its address."""

from __future__ import annotations

import logging
import secrets
import time
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template_string, request
from redis import RedisError
from werkzeug.wrappers import Response as AnyResponse

from hub import current
from hub.db import transaction
from hub.knowledge import Language
from hub.refusals import NotFound, Refusal
from hub.services import asking
from hub.web.hardening import harden
from hub.web.login import client_ip

log = logging.getLogger(__name__)
PAGE = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
POLICY = "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
LONGEST = 1000  # characters of a comment
ANSWERS_A_MINUTE = 20  # of one address: a family, or an office, not a machine
LANG: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "title": "服务评价",
        "choose": "请选择一项",
        "comment": "还想说点什么吗？（可不填）",
        "send": "提交",
        "change": "修改评价",
        "given": "您的评价：",
        "changeable": "一小时内可以修改。",
        "other": "English",
        "gone": "这个链接已失效",
        "gone_hint": "评价链接过一段时间会失效。有问题请直接联系客服。",
        "missing": "请先选择一项。",
        "busy": "提交得太频繁，请一分钟后再试。",
        "closed": "评价已提交，不能再修改。",
    },
    "en": {
        "title": "Your feedback",
        "choose": "Choose one",
        "comment": "Anything to add? (optional)",
        "send": "Send",
        "change": "Change my answer",
        "given": "Your answer: ",
        "changeable": "You can change it for an hour.",
        "other": "中文",
        "gone": "This link is no longer valid",
        "gone_hint": "Feedback links end after a while. If you need us, please write to us as before.",
        "missing": "Please choose one first.",
        "busy": "Too many answers at once. Please try again in a minute.",
        "closed": "This was answered before and cannot be changed any more.",
    },
}

survey = Blueprint("survey", __name__, url_prefix=asking.PATH)
survey.after_request(harden)


@survey.get("/<token>")
def show(token: str) -> Response:
    return _page(token)


@survey.post("/<token>")
def answer(token: str) -> AnyResponse:
    language = _language("zh")
    if _is_flooding():
        return _page(token, "busy", 429)
    given = request.form.get("score", "")
    if not (given.isascii() and given.isdecimal()):
        return _page(token, "missing", 422)
    try:
        with transaction():
            asking.answer(token, int(given[:2]), request.form.get("comment", "").strip()[:LONGEST])
    except NotFound:
        return _page(token)
    except Refusal as refusal:
        return _page(token, "closed" if refusal.code == "answered" else "missing", refusal.status)
    return redirect(f"{request.path}?lang={LANG[language]}" if "lang" in request.args else request.path, 303)


def _page(token: str, wrong: str = "", status: int = 200) -> Response:
    nonce, config = secrets.token_urlsafe(12), current.settings().survey
    try:
        row = asking.by_token(token)
    except NotFound:
        language = _language("zh" if current.settings().hub.language == "zh-CN" else "en")
        return _answer({"gone": True, "language": language, "nonce": nonce}, 404)
    language = _language(asking.language_of(row.conversation))
    choices = [(score, words.in_(language)) for score, words in asking.scores(row)]
    words = WORDS[language]
    facts = {
        "heading": _heading(row.answered_at is not None, language),
        "given": row.score if row.answered_at else None,
        "given_words": dict(choices).get(row.score or 0, ""),
        "closed": asking.is_closed(row),
        "choices": choices,
        "stars": row.scale == "stars",
        "ask_comment": config is None or config.comment,
        "comment": row.comment,
        "longest": LONGEST,
        "wrong": words.get(wrong, ""),
    }
    return _answer({**facts, "language": language, "nonce": nonce}, status)


def _heading(answered: bool, language: Language) -> str:
    config = current.settings().survey
    if config is None:
        return WORDS[language]["title"]
    return (config.thanks if answered else config.question).in_(language)


def _answer(facts: dict[str, Any], status: int) -> Response:
    language: Language = facts["language"]
    other: Language = "en" if language == "zh" else "zh"
    html = render_template_string(PAGE, lang=LANG[language], other=LANG[other], words=WORDS[language], **facts)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=facts["nonce"])
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is all that it takes to answer
    return response


def _language(usual: Language) -> Language:
    wanted = request.args.get("lang", "")
    return "en" if wanted.startswith("en") else "zh" if wanted.startswith("zh") else usual


def _is_flooding() -> bool:
    """Counted by the minute. Without Redis everybody may answer."""
    key = f"survey:{client_ip()}:{int(time.time()) // 60}"
    try:
        with current_app.extensions["redis"].pipeline() as pipeline:
            pipeline.incr(key).expire(key, 60)
            return bool(pipeline.execute()[0] > ANSWERS_A_MINUTE)
    except RedisError as error:
        log.warning("answers are not counted: %s", type(error).__name__)
        return False
