"""Voice messages in writing: agents read them, and bots can answer them."""

from __future__ import annotations

from sqlalchemy import select

from channels.contract import File
from channels.errors import Refused, SendError
from hub import current, files
from hub.db import db
from hub.jobs import UNFINISHED
from hub.live import tell
from hub.models import Attachment, BotTurn, Message, Transcription
from hub.services import arrivals, conversations, retries

LONGEST = 10_000  # characters; five minutes of speech are a quarter of it


def expected(kind: str) -> bool:
    """A message of this kind is written down before its bot is asked."""
    return kind == "audio" and current.settings().hub.transcription is not None


def want(attachment: Attachment) -> None:
    """A recording has come: write it down."""
    if _is_voice(attachment):
        db.session.add(Transcription(lane=f"transcription:{attachment.id}", attachment=attachment))


def do_without(attachment: Attachment) -> None:
    """The recording never came: the bot has to know what to do with a message it cannot read."""
    if attachment.message and _is_voice(attachment):
        _ask_bot(attachment.message)


def recording(job: Transcription) -> File:
    attachment = job.attachment
    try:
        content = files.path_of(attachment.sha256 or "").read_bytes()
    except OSError:
        raise Refused("the file is gone", code="no_file") from None
    return File(attachment.name, attachment.mime, content)


def transcribed(job: Transcription, text: str) -> None:
    """The text becomes the message's own. An empty one changes nothing: there was nothing to hear."""
    if job.state not in UNFINISHED:
        return
    job.state, job.error, job.error_code = "done", "", ""
    message = job.attachment.message
    if message is None:
        return
    if (text := _storable(text)) and message.kind == "call":
        message.payload = {**message.payload, "transcript": text}
        tell(message)
    elif text:
        message.text, message.payload = text, {**message.payload, "transcript": True}
        tell(message)
    _ask_bot(message)


def not_transcribed(job: Transcription, error: SendError) -> None:
    """When it is not asked again, the bot gets its turn all the same."""
    if job.state not in UNFINISHED:
        return
    # a customer waits for the bot
    longest = max(current.settings().hub.delivery.retry_after, default=None)
    if retries.asked_again(job, error, longest):
        return
    if job.attachment.message:
        _ask_bot(job.attachment.message)


def _is_voice(attachment: Attachment) -> bool:
    """A voice message is one recording."""
    message = attachment.message
    if message is None or message.attachments[0] is not attachment:
        return False
    if message.kind == "call":
        return current.settings().hub.transcription is not None
    return message.direction == "in" and expected(message.kind)


def _ask_bot(message: Message) -> None:
    """Once, and only if no person has taken over meanwhile. In the lane of the customer's other questions.

    A call that was recorded asks nothing any more.
    """
    if message.kind == "call":
        return
    conversation = conversations.locked(message.conversation_id)
    if conversation.last_position == message.position:
        tell(conversation)  # it shows its last message
    asked = db.session.scalar(select(select(BotTurn.id).where(BotTurn.message_id == message.id).exists()))
    if conversation.status == "bot" and message.identity and not asked:
        lane = arrivals.lane_of(message.channel, message.identity.value)
        db.session.add(BotTurn(lane=lane, conversation=conversation, message=message))


def _storable(text: str) -> str:
    """PostgreSQL's text has no NUL and no half of a surrogate pair."""
    clean = text.encode(errors="ignore").decode().replace("\0", "").strip()
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"
