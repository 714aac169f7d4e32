"""What a dialogue says, with what it learned in it."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping

from hub.knowledge import Flow, Language

FORMATTER = string.Formatter()


def filled(text: str, slots: Mapping[str, str], written: Callable[[str], str] = str) -> str:
    """{slot} by its value, and nothing else: a value with braces stays as it is."""
    parts = FORMATTER.parse(text)
    return "".join(before + (written(slots.get(name, "")) if name else "") for before, name, _, _ in parts)


def shown(flow: Flow, slots: Mapping[str, str], language: Language) -> dict[str, str]:
    """As people read them: of a choice its label, not its value."""
    named = {
        (step.collect.slot, option.value): option.label.in_(language)
        for step in flow.step
        if step.collect
        for option in step.collect.options
    }
    return {name: named.get((name, value), value) for name, value in slots.items()}


def labelled(flow: Flow, slots: Mapping[str, str], language: Language) -> dict[str, str]:
    """For the agent who may take over."""
    labels = flow.labels()
    return {
        label.in_(language) if (label := labels.get(name)) else name: value
        for name, value in shown(flow, slots, language).items()
        if value
    }
