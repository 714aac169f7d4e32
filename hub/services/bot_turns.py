"""What a bot's answer does to the conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, true

from hub import current
from hub.db import db
from hub.jobs import retry_later
from hub.models import BotTurn, Message
from hub.refusals import Refusal
from hub.services import conversations, replies
from hub.services.fitting import Content
from hub.services.replies import Author

TEXTS = {
    "zh-CN": {
        "handed_over": "正在为您转接人工客服，请稍候。",
        "missed": "抱歉，我没有听懂。您可以换个说法，或者回复「转人工」。",
    },
    "en": {
        "handed_over": "I am passing you on to one of my colleagues. One moment, please.",
        "missed": 'Sorry, I did not understand. Could you put it differently, or reply "agent"?',
    },
}


REMEMBERED = 10  # messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A turn as the engines see it."""

    bot: str
    channel: str
    text: str
    kind: str
    history: tuple[tuple[str, str], ...]  # (contact, bot or agent; what they said), oldest first
    greet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the engine made of the turn."""

    outcome: str  # said, handed_over, missed, greeted
    text: str = ""
    reason: str = ""
    candidates: tuple[dict[str, Any], ...] = ()
    choice: str = ""


def question(turn: BotTurn) -> Question:
    asked = turn.message
    before = (
        select(Message.author_kind, Message.text)
        .where(Message.conversation_id == turn.conversation_id, Message.direction != "note")
        .where(Message.position < asked.position if asked else true())
        .order_by(Message.position.desc())
        .limit(REMEMBERED)
    )
    return Question(
        bot=turn.conversation.bot or "",
        channel=turn.conversation.reply_channel,
        text=asked.text if asked else "",
        kind=asked.kind if asked else "text",
        history=tuple((author, said) for author, said in reversed(db.session.execute(before).all())),
        greet=asked is None,
    )


def record(turn: BotTurn, verdict: Verdict) -> None:
    """Say it, unless a person took the conversation while the bot was thinking."""
    if turn.state != "running":
        return
    conversation = conversations.locked(turn.conversation_id)
    turn.candidates = list(verdict.candidates)
    turn.state, turn.outcome = "done", verdict.outcome
    if conversation.status != "bot":
        turn.outcome = "silent"
        return
    if verdict.outcome == "missed":
        verdict = _missed(turn, verdict)
    else:
        conversation.misses = 0
    text = verdict.text or _hub_text(verdict.outcome)
    turn.outcome = verdict.outcome
    answer = _say(turn, text, verdict)
    turn.answer_id = answer.id if answer else None
    if verdict.outcome == "handed_over":
        conversations.hand_over(conversation, verdict.reason)
    elif answer is None and turn.message_id is not None:
        # the customer waits for an answer that the channel lets only a person give
        conversations.hand_over(conversation, "allowance_used")
    elif verdict.outcome in ("said", "greeted"):
        conversation.unread = 0


def try_again(turn: BotTurn, error: Exception) -> None:
    """The engine failed. A bot that is down must not keep the customer from a person."""
    schedule = current.settings().hub.delivery.retry_after
    turn.error, turn.error_code = type(error).__name__, "engine"
    if turn.attempts < min(2, len(schedule)):
        retry_later(turn, schedule[0])
        return
    turn.state = "failed"
    conversation = conversations.locked(turn.conversation_id)
    if conversation.status == "bot":
        conversations.hand_over(conversation, "bot_failed")


def _missed(turn: BotTurn, verdict: Verdict) -> Verdict:
    conversation = turn.conversation
    conversation.misses += 1
    config = current.settings().bots.get(conversation.bot or "")
    if config and conversation.misses < config.file.hand_over_after:
        return verdict
    return Verdict(outcome="handed_over", reason="not_understood", candidates=verdict.candidates)


def _say(turn: BotTurn, text: str, verdict: Verdict) -> Message | None:
    if not text:
        return None
    bot = turn.conversation.bot or ""
    try:
        message = replies.reply(turn.conversation, Author("bot", None, bot), Content(text=text))
    except Refusal as refusal:  # the last message of an allowance is for a person; the turn says why it was silent
        turn.error, turn.error_code = refusal.detail, refusal.code
        return None
    message.payload = {"bot_turn": {"choice": verdict.choice, "candidates": list(verdict.candidates)[:3]}}
    return message


def _hub_text(outcome: str) -> str:
    return TEXTS[current.settings().hub.language].get(outcome, "")
