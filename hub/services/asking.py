"""Asks customers how it was, by whatever their channel has, and takes what they answer.

Nobody is asked who was asked lately, who is angry, who writes again, or where it would take the last message that the
channel allows. An answer does not open the conversation again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from itsdangerous import BadData, Signer
from sqlalchemy import ColumnElement, and_, select

from channels.contract import Capabilities, Choice, InboundMessage, Menu
from hub import current, files, knowledge, publishing
from hub.db import db, now
from hub.desk.surveys import SCORES
from hub.desk.surveys import Survey as Rules
from hub.jobs import next_due
from hub.knowledge import Language, Texts
from hub.models import Call, Conversation, Identity, Message, Survey
from hub.refusals import NotFound, Refusal
from hub.services import conversations, replies, routes, surveys, threads
from hub.services.fitting import Content
from hub.services.notifications import notify, supervisors_of
from hub.services.replies import Author

PATH = "/s"  # the page
PAGE_LIVES = timedelta(days=14)
CHANGEABLE = timedelta(hours=1)
HUB = Author("system", None, "")
CHOICE = re.compile(r"880([0-9]{9,17})([0-5])")  # WeChat's own examples are numbers; no bot counts that far
DIGIT = re.compile(r"([0-9])\s*(?:分|星|颗星|stars?)?[.。!！]?", re.IGNORECASE)
WORDS: dict[str, dict[int, Texts]] = {
    "stars": {
        5: Texts(zh="非常满意", en="Very good"),
        4: Texts(zh="满意", en="Good"),
        3: Texts(zh="一般", en="Fair"),
        2: Texts(zh="不满意", en="Poor"),
        1: Texts(zh="非常不满意", en="Very poor"),
    },
    "good_bad": {1: Texts(zh="满意", en="Good"), 0: Texts(zh="不满意", en="Not good")},
}
BY_DIGIT = Texts(zh="请回复数字：{choices}", en="Please answer with a digit: {choices}")
BY_LINK = Texts(zh="评价请点：{link}", en="Tell us here: {link}")
OR_LINK = Texts(zh="想多说几句，请点：{link}", en="To say more: {link}")


def ask(limit: int) -> int:
    """Those whose time has come; how many it were. All in one transaction: what is said is sent by others."""
    due = list(db.session.scalars(next_due(Survey, limit=limit)))
    for survey_id in due:
        row = db.session.get_one(Survey, survey_id, populate_existing=True)
        conversation = conversations.locked(row.conversation_id)
        if reason := _why_not(row, conversation):
            _skip(row, reason)
            continue
        try:
            with db.session.begin_nested():
                _say(row, conversation)
        except Refusal as refusal:  # the last message of an allowance is for a person
            _skip(row, refusal.code)
    return len(due)


def _skip(row: Survey, reason: str) -> None:
    row.state, row.error_code, row.way = "cancelled", reason, ""


def _why_not(row: Survey, conversation: Conversation) -> str:
    channel = current.channels().get(conversation.reply_channel)
    config = current.settings().survey
    if channel is None or config is None:
        return "no_channel"
    if conversation.status != "resolved":
        return "reopened"
    can = channel.capabilities
    if can.answers_inline or can.spoken:  # nothing could be said now
        return "passive"
    if not can.free_text:
        return "template_only"
    if conversation.reply_identity.opted_out:
        return "opted_out"
    others = select(Conversation.id).where(
        Conversation.contact_id == conversation.contact_id,
        Conversation.status != "resolved",
        Conversation.thread == conversation.thread,
    )
    if db.session.scalar(select(others.exists())):
        return "writes_again"
    return "angry" if _is_angry(conversation) else ""


def _is_angry(conversation: Conversation) -> bool:
    told = Message.payload["reason"].as_string()
    angry = select(Message.id).where(Message.conversation_id == conversation.id, Message.kind == "event")
    return bool(db.session.scalar(select(angry.where(told == "angry").exists())))


def _say(row: Survey, conversation: Conversation) -> None:
    config, can = current.settings().survey, routes.capabilities_of(conversation.reply_channel)
    assert config
    row.way = "menu" if can.menus else "link" if can.threaded else "digits"
    row.token_sha256 = sha256(token(row).encode()).hexdigest()
    language = language_of(conversation)
    content = _content(row, can, config.question.in_(language), language)
    message = replies.reply(conversation, HUB, content)
    message.text = message.text.replace(address(row), f"{PATH}/…")  # agents do not rate themselves
    message.payload = {**message.payload, "survey": {"scale": row.scale}}
    row.message, row.asked_at, row.state = message, now(), "done"


def _content(row: Survey, can: Capabilities, question: str, language: Language) -> Content:
    scores = SCORES[row.scale]  # type: ignore[index]
    words = WORDS[row.scale]
    if row.way == "menu":
        choices = (Choice(f"880{row.id:09}{score}", words[score].in_(language)) for score in scores)
        return Content(menu=Menu(question, tuple(choices)))
    link = address(row)
    if row.way == "link":
        return Content(text="\n".join((question, BY_LINK.in_(language).format(link=link))))
    named = [f"{_digit(row.scale, score)} {words[score].in_(language)}" for score in scores]
    separator = "、" if language == "zh" else ", "
    lines = [question, BY_DIGIT.in_(language).format(choices=separator.join(named))]
    # where texts are paid by the piece, the address would cost more than the question
    lines += [] if can.segments else [OR_LINK.in_(language).format(link=link)]
    return Content(text="\n".join(lines))


def _digit(scale: str, score: int) -> int:
    """Who is asked good or bad answers 1 or 2, as in any menu."""
    return score if scale == "stars" else 2 - score


def language_of(conversation: Conversation) -> Language:
    return knowledge.language_of("", conversation.contact.language or current.settings().hub.language)


# on the phone, when the talk is over


def may_ask_aloud(call: Call) -> Rules | None:
    """Somebody talked to them, who now has hung up."""
    if call.state != "talking" or call.agent is None or _is_angry(call.conversation):
        return None
    return surveys.may_ask(call.conversation, call.channel)


def ask_aloud(call: Call) -> bool:
    config = may_ask_aloud(call)
    if config is None or call.agent is None:
        return False
    row = surveys.begin(config, call.conversation, call.agent, call.channel)
    row.way, row.asked_at, row.state = "keys", now(), "done"
    return True


def aloud(call: Call, language: Language) -> tuple[str, list[tuple[str, int]]]:
    """The question, and what stands for which key."""
    row, config = _of_call(call), current.settings().survey
    assert row and config
    keys = [(words.in_(language), _digit(row.scale, score)) for score, words in scores(row)]
    return config.question.in_(language), keys


def pressed(call: Call, digits: str) -> None:
    """A key that stands for nothing is no answer."""
    row = _of_call(call)
    score = _digit(row.scale, int(digits)) if row and digits.isdecimal() else -1
    if row and row.answered_at is None and score in SCORES[row.scale]:  # type: ignore[index]
        record(row, score, thank=False)


def thanks(call: Call, language: Language) -> str:
    """ "": they gave no answer."""
    row, config = _of_call(call), current.settings().survey
    return config.thanks.in_(language) if row and row.answered_at and config else ""


def _of_call(call: Call) -> Survey | None:
    its = select(Survey).where(Survey.conversation_id == call.conversation.id, Survey.way == "keys")
    return db.session.scalar(its.order_by(Survey.id.desc()).limit(1))


# the answer


def take(event: InboundMessage, identity: Identity) -> Survey | None:
    """The survey that this message answers, locked and scored. None: it is for the bot, or for people.

    Asks the database only about what looks like an answer.
    """
    if current.settings().survey is None or identity.id is None:
        return None
    if found := CHOICE.fullmatch(str(event.payload.get("choice", ""))):
        row = _asked(identity, Survey.id == int(found[1]), Survey.asked_at > now() - PAGE_LIVES)
        score = int(found[2])
    elif found := DIGIT.fullmatch(unicodedata.normalize("NFKC", event.text).strip()):
        row = _just_asked(identity)
        score = _digit(row.scale, int(found[1])) if row else -1
    else:
        return None
    if row is None or row.answered_at or score not in SCORES[row.scale]:  # type: ignore[index]
        return None
    conversation = conversations.locked(row.conversation_id)
    db.session.refresh(row, with_for_update=True)
    if row.answered_at or conversation.status != "resolved":
        return None
    row.score = score
    return row


def _just_asked(identity: Identity) -> Survey | None:
    """By digits, not long ago, and nobody has said anything since."""
    config = current.settings().survey
    assert config
    row = _asked(identity, Survey.way == "digits", Survey.asked_at > now() - config.digits_within)
    if row is None:
        return None
    since = and_(Message.created_at > row.asked_at, Message.id != row.message_id, Message.direction.in_(("in", "out")))
    said = select(Message.id).join(Conversation).where(Conversation.contact_id == identity.contact_id, since)
    return None if db.session.scalar(select(said.exists())) else row


def _asked(identity: Identity, *which: ColumnElement[bool]) -> Survey | None:
    theirs = select(Survey).join(Conversation).where(Conversation.contact_id == identity.contact_id, *which)
    return db.session.scalar(theirs.order_by(Survey.asked_at.desc()).limit(1))


def record(row: Survey, score: int, comment: str | None = None, *, thank: bool = True) -> None:
    """The conversation is locked by now."""
    conversation, config = row.conversation, current.settings().survey
    first = row.answered_at is None
    row.score, row.answered_at = score, row.answered_at or now()
    row.comment = row.comment if comment is None else comment
    conversation.csat = {"score": score, "scale": row.scale, "comment": row.comment}
    line = threads.note_event(conversation, "rated", score=score, scale=row.scale, comment=row.comment)
    if config and score <= (config.low if row.scale == "stars" else 0):
        for supervisor in supervisors_of(conversation.team):
            notify(supervisor, "csat", conversation, line, score=score, scale=row.scale)
    if first and thank and config:
        try:
            with db.session.begin_nested():
                replies.reply(conversation, HUB, Content(text=config.thanks.in_(language_of(conversation))))
        except Refusal:
            pass  # there is nothing left to say it with


# the page


def token(row: Survey) -> str:
    return _signer().sign(str(row.id)).decode()


def address(row: Survey) -> str:
    return f"{current.settings().hub.public_url}{PATH}/{token(row)}"


def by_token(given: str, *, locked: bool = False) -> Survey:
    """NotFound: nobody gave out this address, or too long ago."""
    try:
        _signer().unsign(given)
    except BadData:
        raise NotFound("survey") from None
    digest = sha256(given.encode()).hexdigest()
    row = db.session.scalar(select(Survey).where(Survey.token_sha256 == digest, Survey.asked_at > now() - PAGE_LIVES))
    if row is None:
        raise NotFound("survey")
    if locked:
        conversations.locked(row.conversation_id)
        db.session.refresh(row, with_for_update=True)
    return row


def answer(given: str, score: int, comment: str) -> Survey:
    """By its page; can be changed for a while."""
    row = by_token(given, locked=True)
    if is_closed(row):
        raise Refusal("answered", "This was answered before.")
    if score not in SCORES[row.scale]:  # type: ignore[index]
        raise Refusal("bad_score", "There is no such score.", 422)
    if (score, comment) != (row.score, row.comment):
        record(row, score, comment, thank=False)
    return row


def is_closed(row: Survey) -> bool:
    return row.answered_at is not None and row.answered_at < now() - CHANGEABLE


def _signer() -> Signer:
    return Signer(publishing.signing_key(files.folder()), salt="survey", digest_method=sha256)


def scores(row: Survey) -> Sequence[tuple[int, Texts]]:
    return [(score, WORDS[row.scale][score]) for score in SCORES[row.scale]]  # type: ignore[index]
