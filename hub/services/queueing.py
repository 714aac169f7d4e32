"""Those who wait are told their place, how long it may take, or when somebody will be there: where ops want it.

Only on channels that carry a text at once, never with the last message that the channel allows, and not again before
their place is another one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from sqlalchemy import Subquery, func, or_, select

from channels.contract import Capabilities
from hub import current
from hub.db import db, now
from hub.desk.routing import Routing
from hub.knowledge import Language, Texts, language_of
from hub.models import Conversation, Message
from hub.models.conversations import QUEUE
from hub.refusals import Refusal
from hub.services import conversations, replies, routing
from hub.services.fitting import Content
from hub.services.replies import Author

AT_ONCE = 50
CLOSED = 0  # the position of whom nobody serves now
PACE = timedelta(minutes=30)  # as fast as the queue moved in this time, it will go on
LONGEST = timedelta(hours=1)  # nobody is comforted by a longer wait
TEXTS = {
    "next": Texts(
        zh="您是下一位，马上就有同事为您服务。", en="You are next: a colleague will be with you in a moment."
    ),
    "place": Texts(zh="您前面还有 {ahead} 位客户在等。", en="Customers before you: {ahead}."),
    "wait": Texts(
        zh="您前面还有 {ahead} 位客户在等，大约还需 {minutes} 分钟。",
        en="Customers before you: {ahead}. It will take about {minutes} min.",
    ),
    "closed": Texts(
        zh="现在没有同事值班，{when} 起会有人为您服务。",
        en="Nobody is at the desk now. Somebody will be there from {when}.",
    ),
}
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def tell() -> None:
    """May run twice, and side by side."""
    rules = current.settings().routing
    if not rules or not rules.assigning or not (rules.queue.position or rules.queue.hours):
        return
    told_to = [name for name, channel in current.channels().items() if _takes(channel.capabilities)]
    due = (
        (Conversation.status == "waiting")
        & Conversation.team.in_(rules.assigning)
        & Conversation.reply_channel.in_(told_to)
        & (Conversation.unread > 0)  # they wrote, and nobody has looked
        & or_(Conversation.told_at.is_(None), Conversation.told_at < now() - rules.queue.every)
    )
    if db.session.scalar(select(Conversation.id).where(due).limit(1)) is None:
        return
    places = _places(rules)
    waiting = select(Conversation.id, places.c.place).join(places, places.c.id == Conversation.id).where(due)
    for conversation_id, place in db.session.execute(waiting.order_by(Conversation.id).limit(AT_ONCE)).all():
        if conversation := conversations.free(conversation_id):
            _tell(rules, conversation, place)


def _takes(can: Capabilities) -> bool:
    return can.free_text and not (can.spoken or can.threaded or can.answers_inline)


def _places(rules: Routing) -> Subquery:
    """Of everybody who waits, in the queue of their team."""
    place = func.row_number().over(partition_by=Conversation.team, order_by=QUEUE).label("place")
    return (
        select(Conversation.id, place)
        .where(Conversation.status == "waiting", Conversation.team.in_(rules.assigning))
        .subquery()
    )


def _tell(rules: Routing, conversation: Conversation, place: int) -> None:
    assert conversation.waiting_since is not None
    at, told = now(), conversation.told_position
    if not routing.open_teams(rules, conversation.team, at - conversation.waiting_since, at):
        place = CLOSED
    conversation.told_at = at
    if told is not None and (place == told or CLOSED < told < place):
        return  # nothing new, or nothing good
    language = _language(conversation)
    closed = place == CLOSED
    text = _closed(rules, conversation, at, language) if closed else _position(rules, conversation, place, language)
    if not text:
        return
    try:
        replies.reply(conversation, Author("system", None, ""), Content(text=text))
    except Refusal:
        return  # the channel keeps its last word for a person
    conversation.told_position = place


def _position(rules: Routing, conversation: Conversation, place: int, language: Language) -> str:
    if not rules.queue.position:
        return ""
    if place == 1:
        return TEXTS["next"].in_(language)
    expected = _expected(conversation.team, place)
    text = TEXTS["wait" if expected else "place"].in_(language)
    return text.format(ahead=place - 1, minutes=ceil(expected / timedelta(minutes=1)) if expected else 0)


def _expected(team: str, place: int) -> timedelta | None:
    """None: it cannot be told, or would comfort nobody."""
    served = select(func.count()).select_from(Message).join(Message.conversation)
    lately = served.where(
        Message.channel.in_(current.channels()), Message.direction == "note", Message.created_at > now() - PACE
    )
    taken = Message.payload["event"].astext.in_(("assigned", "claimed"))
    count = db.session.scalar(lately.where(Conversation.team == team, taken)) or 0
    expected = PACE / count * place if count else None
    return expected if expected and expected <= LONGEST else None


def _closed(rules: Routing, conversation: Conversation, at: datetime, language: Language) -> str:
    settings, hours = current.settings(), rules.of(conversation.team).hours
    if not rules.queue.hours or hours is None:
        return ""
    opens = settings.hours[hours].next_opening(at, settings.hub.timezone)
    if opens is None:
        return ""
    there = opens.astimezone(ZoneInfo(settings.hours[hours].timezone or settings.hub.timezone))
    return TEXTS["closed"].in_(language).format(when=_moment(there, language))


def _moment(at: datetime, language: Language) -> str:
    if language == "zh":
        return f"{at.month}月{at.day}日（{WEEKDAYS[at.weekday()]}）{at:%H:%M}"
    return f"{at:%A} {at.day} {at:%B}, {at:%H:%M}"


def _language(conversation: Conversation) -> Language:
    """That of their last words."""
    said = select(Message.text).where(Message.conversation_id == conversation.id, Message.author_kind == "contact")
    last = db.session.scalar(said.where(Message.text != "").order_by(Message.position.desc()).limit(1))
    return language_of(last or "", conversation.contact.language or current.settings().hub.language)
