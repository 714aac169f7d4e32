"""What agents say of a conversation so that it is found again, and in time: its labels and its priority."""

from __future__ import annotations

from collections.abc import Collection

from hub import current
from hub.models import Agent, Conversation
from hub.refusals import Invalid
from hub.services import audit
from hub.services.threads import note_aside

MOST_LABELS = 20


def label(conversation: Conversation, by: Agent, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
    """Labels that ops took out of config/work.toml stay where they are, and can be removed."""
    if unknown := set(add) - {each.id for each in current.settings().work.labels} - set(conversation.labels):
        raise Invalid("labels", f"{min(unknown)!r} is not in config/work.toml")
    added = [each for each in dict.fromkeys(add) if each not in conversation.labels]
    removed = [each for each in conversation.labels if each in remove]
    if not added and not removed:
        return
    labels = [*(each for each in conversation.labels if each not in remove), *added]
    if len(labels) > MOST_LABELS:
        raise Invalid("labels", f"{MOST_LABELS} are enough")
    conversation.labels = labels
    note_aside(conversation, "labelled", by=by.name, added=added, removed=removed)
    audit.record(by, "label", conversation, added=added, removed=removed)


def set_labels(conversation: Conversation, by: Agent, labels: Collection[str]) -> None:
    label(conversation, by, labels, set(conversation.labels) - set(labels))


def prioritise(conversation: Conversation, by: Agent, priority: int) -> None:
    if priority == conversation.priority:
        return
    conversation.priority = priority
    note_aside(conversation, "prioritised", by=by.name, priority=priority)
    audit.record(by, "prioritise", conversation, priority=priority)
