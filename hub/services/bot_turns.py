"""What a bot's answer does to the conversation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, true
from sqlalchemy.orm import joinedload

from channels.contract import Address, Choice, Menu
from hub import current
from hub.db import db, now
from hub.jobs import UNFINISHED, again, claim, retry_later, ring_later
from hub.knowledge import Format, Texts, language_of
from hub.letters import Heading
from hub.models import BotTurn, Conversation, Message
from hub.refusals import Refusal
from hub.services import allowances, conversations, replies, suggestions
from hub.services.allowances import Purse
from hub.services.fitting import Content, form_of
from hub.services.replies import Author

TEXTS = {
    "handed_over": Texts(
        zh="正在为您转接人工客服，请稍候。",
        en="I am passing you on to one of my colleagues. One moment, please.",
    ),
    "not_understood": Texts(
        zh="抱歉，我没有听懂。您可以换个说法，或者回复「转人工」。",
        en='Sorry, I did not understand. Could you put it differently, or reply "agent"?',
    ),
    "none_of_these": Texts(
        zh="好的，请您换个说法再描述一下，或者回复「转人工」。",
        en='All right. Could you put it differently, or reply "agent"?',
    ),
    "repeated": Texts(
        zh="如果上面的回答没有解决您的问题，请换个说法描述一下，或者回复「转人工」。",
        en='If that did not answer your question, please put it differently, or reply "agent".',
    ),
}
REMEMBERED = 10  # messages
SUMMED_UP = 5  # questions
LIKELY = 0.15  # what is worth telling an agent that was not enough to answer
BURST_LASTS = 5  # times the bot's patience
TO_ONE = Heading(cc=())  # a machine writes to nobody but who asked it


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A turn as the engines see it."""

    id: str
    conversation: str
    bot: str
    channel: str
    form: Format
    asker: Address
    name: str
    tags: frozenset[str]
    text: str
    kind: str
    language: str
    hints: Mapping[str, Any]
    history: tuple[tuple[str, str], ...]  # (contact, bot or agent; what they said), oldest first
    greet: bool
    state: Mapping[str, Any]
    revision: int
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the bot made of the turn."""

    outcome: str  # said, asked, handed_over, missed, greeted, silent
    text: str = ""
    reason: str = ""
    candidates: tuple[dict[str, Any], ...] = ()
    steps: tuple[dict[str, Any], ...] = ()
    choice: str = ""
    choices: tuple[str, ...] = ()  # to tap
    slots: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    revision: int | None = None  # of the state it was thought of; None: of none
    version: str = ""


def claim_due(limit: int) -> dict[int, Question]:
    """Turns for the bots to think about, outside of any transaction, by their ids."""
    conversation = joinedload(BotTurn.conversation)
    theirs = (conversation.joinedload(Conversation.reply_identity), conversation.joinedload(Conversation.contact))
    whole = (joinedload(BotTurn.message), joinedload(BotTurn.first), *theirs)
    turns = claim(BotTurn, limit=limit, options=whole)
    said = _said_before(turns) if turns else {}
    return {turn.id: question(turn, said.get(turn.id, ())) for turn in turns}


def question(turn: BotTurn, history: Sequence[tuple[str, str]] = (), *, at_once: bool = False) -> Question:
    conversation = turn.conversation
    return Question(
        id=str(turn.id or ""),
        conversation=str(conversation.id or ""),
        bot=conversation.bot or "",
        channel=conversation.reply_channel,
        form=form_of(current.channels()[conversation.reply_channel].capabilities),
        asker=Address(conversation.reply_identity.scheme, conversation.reply_identity.value),
        name=conversation.contact.name,
        tags=frozenset(conversation.contact.tags),
        text=_asked(turn),
        kind=turn.message.kind if turn.message else "text",
        language=conversation.contact.language,
        hints=conversation.context,
        history=tuple(history),
        greet=turn.message is None,
        state=conversation.bot_state,
        revision=conversation.bot_revision,
        at_once=at_once,
    )


def _asked(turn: BotTurn) -> str:
    """What the customer wrote; of a burst all of it, a line each."""
    if turn.message is None:
        return ""
    if turn.first is None or turn.first is turn.message:
        return _words_of(turn.message.text, turn.message.payload)
    lines = (
        select(Message.text, Message.payload)
        .where(Message.conversation_id == turn.conversation_id, Message.author_kind == "contact")
        .where(Message.position.between(turn.first.position, turn.message.position))
        .order_by(Message.position)
    )
    return "\n".join(filter(None, (_words_of(*line) for line in db.session.execute(lines))))


def _words_of(text: str, payload: Mapping[str, Any]) -> str:
    return text or payload.get("key", "")  # a tap on the account's menu


def patience(bot: str | None, channel: str) -> timedelta:
    """How long to wait for the rest of a message that makes no sense alone."""
    config, capabilities = current.settings().bots.get(bot or ""), current.channels()[channel].capabilities
    if config is None or capabilities.spoken or capabilities.threaded or capabilities.answers_inline:
        return timedelta(0)
    return config.file.patience


def wait_for_more(turn: BotTurn) -> bool:
    """It was not understood: there may be more to come. Not for ever."""
    pause = patience(turn.conversation.bot, turn.conversation.reply_channel)
    if not pause or now() - turn.created_at > BURST_LASTS * pause:
        return False
    retry_later(turn, pause)
    ring_later("bot_turn", pause)
    return True


def waiting_for_more(conversation_ids: Collection[int]) -> dict[int, BotTurn]:
    """By conversation, turns that nobody thinks about yet; ours alone until the commit."""
    waiting = (
        select(BotTurn)
        .where(BotTurn.conversation_id.in_(conversation_ids), BotTurn.state == "pending", BotTurn.attempts == 0)
        .where(BotTurn.message_id.is_not(None), BotTurn.due_at > now())
        .order_by(BotTurn.id)
        .options(joinedload(BotTurn.first), joinedload(BotTurn.message))
        .with_for_update(of=BotTurn, skip_locked=True)
    )
    return {turn.conversation_id: turn for turn in db.session.scalars(waiting)}


def next_in_lane(turns: Sequence[BotTurn]) -> list[BotTurn]:
    """Of new ones those that no earlier turn keeps waiting."""
    if not turns:
        return []
    these = [turn.id for turn in turns if turn.id is not None]
    unfinished = select(BotTurn.lane).where(
        BotTurn.lane.in_({turn.lane for turn in turns}), BotTurn.state.in_(UNFINISHED), BotTurn.id.not_in(these)
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
    turn.candidates, turn.steps = list(verdict.candidates), list(verdict.steps)
    turn.reason, turn.choice, turn.version = verdict.reason, verdict.choice, verdict.version
    turn.state, turn.outcome = "done", verdict.outcome
    if conversation.status != "bot":
        turn.outcome = "silent"
        return
    if verdict.revision not in (None, conversation.bot_revision):
        retry_later(turn, timedelta(0))  # it was said meanwhile, on another channel, what this builds upon
        return
    if verdict.outcome == "missed":
        verdict = _missed(conversation, verdict)
    elif verdict.outcome != "silent":
        conversation.misses = 0
    turn.outcome, turn.reason = verdict.outcome, verdict.reason
    turn.answer = _say(turn, conversation, purse, verdict)
    if verdict.revision is not None:
        conversation.bot_state, conversation.bot_revision = dict(verdict.state), conversation.bot_revision + 1
    if verdict.outcome == "handed_over":
        hand_over(turn, conversation, verdict)
    elif turn.answer is None and turn.message is not None and verdict.outcome != "silent":
        # the customer waits for an answer that the channel lets only a person give
        conversations.hand_over(conversation, turn.error_code or "allowance_used")
    elif verdict.outcome in ("said", "asked", "greeted"):
        conversation.unread = 0


def hand_over(turn: BotTurn, conversation: Conversation, verdict: Verdict) -> None:
    """With what the bot knows, so that nobody is asked twice."""
    conversations.hand_over(conversation, verdict.reason, learned=_summary(turn, conversation, verdict))
    if turn.message and turn.message.text:
        suggestions.want(conversation, turn.message)


def _summary(turn: BotTurn, conversation: Conversation, verdict: Verdict) -> dict[str, Any]:
    asked = (
        select(Message.text, BotTurn.choice)
        .join(Message, Message.id == BotTurn.message_id)
        .where(BotTurn.conversation_id == conversation.id, Message.text != "", BotTurn.id != (turn.id or 0))
        .order_by(BotTurn.id.desc())
        .limit(SUMMED_UP)
    )
    questions = [{"text": text, "answered": choice} for text, choice in reversed(db.session.execute(asked).all())]
    likely = [each for each in verdict.candidates if LIKELY <= each["score"] < 1.0][:1]
    told = {"questions": questions, "slots": dict(verdict.slots), "likely": likely}
    return {name: value for name, value in told.items() if value}


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
    if config and conversation.misses < config.file.hand_over.misses:
        return verdict
    return replace(verdict, outcome="handed_over")


def _say(turn: BotTurn, conversation: Conversation, purse: Purse, verdict: Verdict) -> Message | None:
    text = verdict.text or _hub_text(turn, conversation, verdict)
    if not text:
        return None
    if verdict.outcome != "handed_over":
        text = _with_notice(text, turn, conversation)
    author = Author("bot", None, conversation.bot or "")
    try:
        message = replies.reply(
            conversation, author, _content(text, verdict.choices), purse=purse, heading=TO_ONE, answers=turn.message
        )
    except Refusal as refusal:  # the last message of an allowance is for a person; the turn says why it was silent
        turn.error, turn.error_code = refusal.detail, refusal.code
        return None
    why = {
        "choice": verdict.choice,
        "candidates": list(verdict.candidates)[:3],
        "steps": list(verdict.steps),
        "sources": list(verdict.sources),
        "version": verdict.version,
    }
    message.payload = {**message.payload, "bot_turn": why}
    return message


def _with_notice(text: str, turn: BotTurn, conversation: Conversation) -> str:
    """That a machine speaks: said once, where the channel does not say it under each message."""
    config = current.settings().bots.get(conversation.bot or "")
    if (
        config is None
        or not config.file.notice
        or current.channels()[conversation.reply_channel].capabilities.marks_bots
    ):
        return text
    spoken = select(Message.id).where(Message.conversation_id == conversation.id, Message.author_kind == "bot")
    if conversation.id and db.session.scalar(select(spoken.exists())):
        return text
    return f"{config.file.notice}\n{text}"


def _content(text: str, choices: Sequence[str]) -> Content:
    if not choices:
        return Content(text=text)
    return Content(menu=Menu(text, tuple(Choice(str(number), each) for number, each in enumerate(choices, 1))))


def _hub_text(turn: BotTurn, conversation: Conversation, verdict: Verdict) -> str:
    if verdict.outcome == "missed":
        texts = TEXTS.get(verdict.reason, TEXTS["not_understood"])
    elif verdict.outcome in TEXTS:
        texts = TEXTS[verdict.outcome]
    else:
        return ""
    asked = turn.message.text if turn.message else ""
    return texts.in_(language_of(asked, conversation.contact.language or current.settings().hub.language))
