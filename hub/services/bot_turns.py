"""What a bot's answer does to the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, true
from sqlalchemy.orm import joinedload

from channels.contract import Address, Choice, Menu
from hub import current
from hub.db import db
from hub.jobs import UNFINISHED, again, claim, retry_later
from hub.letters import Heading
from hub.models import BotTurn, Conversation, Message
from hub.refusals import Refusal
from hub.services import allowances, conversations, replies
from hub.services.allowances import Purse
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
TO_ONE = Heading(cc=())  # a machine writes to nobody but who asked it


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A turn as the engines see it."""

    bot: str
    channel: str
    asker: Address
    text: str
    kind: str
    language: str
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
    choices: tuple[str, ...] = ()  # to tap


def claim_due(limit: int) -> dict[int, Question]:
    """Turns for the bots to think about, outside of any transaction, by their ids."""
    conversation = joinedload(BotTurn.conversation)
    theirs = (conversation.joinedload(Conversation.reply_identity), conversation.joinedload(Conversation.contact))
    whole = (joinedload(BotTurn.message), *theirs)
    turns = claim(BotTurn, limit=limit, options=whole)
    said = _said_before(turns) if turns else {}
    return {turn.id: question(turn, said.get(turn.id, ())) for turn in turns}


def question(turn: BotTurn, history: Sequence[tuple[str, str]] = ()) -> Question:
    return Question(
        bot=turn.conversation.bot or "",
        channel=turn.conversation.reply_channel,
        asker=Address(turn.conversation.reply_identity.scheme, turn.conversation.reply_identity.value),
        text=(turn.message.text or turn.message.payload.get("key", "")) if turn.message else "",
        kind=turn.message.kind if turn.message else "text",
        language=turn.conversation.contact.language,
        history=tuple(history),
        greet=turn.message is None,
    )


def next_in_lane(turns: Sequence[BotTurn]) -> list[BotTurn]:
    """Of new ones those that no earlier turn keeps waiting."""
    if not turns:
        return []
    unfinished = select(BotTurn.lane).where(
        BotTurn.lane.in_({turn.lane for turn in turns}), BotTurn.state.in_(UNFINISHED)
    )
    with db.session.no_autoflush:  # they would find themselves
        busy = set(db.session.scalars(unfinished))
    return [turn for turn in turns if turn.lane not in busy]


def _said_before(turns: Sequence[BotTurn]) -> dict[int, list[tuple[str, str]]]:
    """The last lines of each conversation before the question, oldest first."""
    lines = (
        select(Message.author_kind, Message.text, Message.position)
        .where(Message.conversation_id == BotTurn.conversation_id, Message.direction != "note")
        .where(Message.id != func.coalesce(BotTurn.message_id, 0))
        .order_by(Message.position.desc())
        .limit(REMEMBERED)
        .correlate(BotTurn)
        .lateral()
    )
    wanted = (
        select(BotTurn.id, lines.c.author_kind, lines.c.text)
        .join(lines, true())
        .where(BotTurn.id.in_([turn.id for turn in turns]))
        .order_by(BotTurn.id, lines.c.position)
    )
    said: dict[int, list[tuple[str, str]]] = {}
    for turn_id, author, text in db.session.execute(wanted):
        said.setdefault(turn_id, []).append((author, text))
    return said


def record(verdicts: Mapping[int, Verdict]) -> None:
    """Say it, unless a person took the conversation while the bot was thinking."""
    with db.session.no_autoflush:
        turns = [turn for turn in again(BotTurn, verdicts) if turn.state == "running"]
        open_ones = conversations.locked_all({turn.conversation_id for turn in turns})
        settle([(turn, open_ones[turn.conversation_id], verdicts[turn.id]) for turn in turns])


def settle(decided: Sequence[tuple[BotTurn, Conversation, Verdict]]) -> None:
    """The conversations are locked by now."""
    if not decided:
        return
    with db.session.no_autoflush:
        purses = allowances.purses({conversation.reply_identity.id for _, conversation, _ in decided})
        for turn, conversation, verdict in decided:
            _record(turn, conversation, purses[conversation.reply_identity.id], verdict)


def _record(turn: BotTurn, conversation: Conversation, purse: Purse, verdict: Verdict) -> None:
    turn.candidates = list(verdict.candidates)
    turn.state, turn.outcome = "done", verdict.outcome
    if conversation.status != "bot":
        turn.outcome = "silent"
        return
    if verdict.outcome == "missed":
        verdict = _missed(conversation, verdict)
    else:
        conversation.misses = 0
    turn.outcome = verdict.outcome
    turn.answer = _say(turn, conversation, purse, verdict)
    if verdict.outcome == "handed_over":
        conversations.hand_over(conversation, verdict.reason)
    elif turn.answer is None and turn.message is not None:
        # the customer waits for an answer that the channel lets only a person give
        conversations.hand_over(conversation, turn.error_code or "allowance_used")
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


def _missed(conversation: Conversation, verdict: Verdict) -> Verdict:
    conversation.misses += 1
    config = current.settings().bots.get(conversation.bot or "")
    if config and conversation.misses < config.file.hand_over_after:
        return verdict
    return Verdict(outcome="handed_over", reason="not_understood", candidates=verdict.candidates)


def _say(turn: BotTurn, conversation: Conversation, purse: Purse, verdict: Verdict) -> Message | None:
    text = verdict.text or _hub_text(verdict.outcome)
    if not text:
        return None
    author = Author("bot", None, conversation.bot or "")
    try:
        message = replies.reply(
            conversation, author, _content(text, verdict.choices), purse=purse, heading=TO_ONE, answers=turn.message
        )
    except Refusal as refusal:  # the last message of an allowance is for a person; the turn says why it was silent
        turn.error, turn.error_code = refusal.detail, refusal.code
        return None
    why = {"choice": verdict.choice, "candidates": list(verdict.candidates)[:3]}
    message.payload = {**message.payload, "bot_turn": why}
    return message


def _content(text: str, choices: Sequence[str]) -> Content:
    if not choices:
        return Content(text=text)
    return Content(menu=Menu(text, tuple(Choice(str(number), each) for number, each in enumerate(choices, 1))))


def _hub_text(outcome: str) -> str:
    return TEXTS[current.settings().hub.language].get(outcome, "")
