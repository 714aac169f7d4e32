"""Dialogues: what config/flows describes, one turn after the other. Between two turns, all is in the notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hub.knowledge import Collect, Flow, language_of, normalise
from workers.bots import wording
from workers.bots.contract import Candidate, HandOver, Say, Turn
from workers.bots.flows.dialogue import Dialogue, noted, under_way
from workers.bots.flows.running import after, ask, choices, question, run
from workers.bots.flows.slots import VOLUNTEERED, answer_in
from workers.bots.flows.texts import labelled

__all__ = ["Dialogue", "ask_again", "begin", "go_on", "resumed", "under_way"]

POLITELY = "请|麻烦|那就|那|还是|please |ok |just "
AFTERWARDS = "吧|了|啦|谢谢|好了| please| thanks| thank you"
LONGEST_CANCEL = 60  # characters


def begin(flow: Flow, turn: Turn, candidates: tuple[Candidate, ...] = ()) -> Say | HandOver:
    """What the customer's first words hold already is not asked for."""
    language = language_of(turn.text, turn.language)
    return run(Dialogue(flow=flow, language=language, given=dict(_given(flow, turn))), turn, candidates)


def go_on(dialogue: Dialogue, turn: Turn) -> Say | HandOver | None:
    """None: this is no answer to what was asked."""
    collect = dialogue.collect
    value = _answer(collect, turn)
    if _cancels(dialogue.flow, turn.text) and not (collect.kind == "choice" and value is not None):
        return Say(text=dialogue.flow.cancelled.in_(dialogue.language))
    if value is None:
        return None
    return run(after(replace(dialogue, slots={**dialogue.slots, collect.slot: value})), turn)


def ask_again(dialogue: Dialogue, turn: Turn) -> Say | HandOver:
    """After what was neither an answer nor another question. At the last try, a person helps."""
    return ask(dialogue, turn, [], again=True)


def resumed(dialogue: Dialogue, said: Say, turn: Turn) -> Say:
    """After the answer to another question. It costs no try."""
    return replace(
        said,
        text=f"{said.text}\n\n{wording.GO_ON.in_(dialogue.language)}\n{question(dialogue)}",
        choices=choices(dialogue),
        notes=noted(dialogue, turn),
        slots={**labelled(dialogue.flow, dialogue.slots, dialogue.language), **said.slots},
    )


def _given(flow: Flow, turn: Turn) -> Iterator[tuple[str, str]]:
    """Of two slots that look alike, what is said belongs to the one that is asked for first."""
    seen: set[tuple[str, str | None]] = set()
    for step in flow.step:
        collect = step.collect
        if collect is None or collect.kind not in VOLUNTEERED or (collect.kind, collect.pattern) in seen:
            continue
        seen.add((collect.kind, collect.pattern))
        if (value := _answer(collect, turn)) is not None:
            yield collect.slot, value


def _answer(collect: Collect, turn: Turn) -> str | None:
    return answer_in(turn.text, collect, turn.at.date(), spoken=turn.form == "spoken")


def _cancels(flow: Flow, text: str) -> bool:
    """The whole message, or the last of several: 取消订单 cancels no dialogue."""
    last = next((said for line in reversed(text.splitlines()) if (said := normalise(line))), "")
    words = "|".join(re.escape(normalise(each)) for each in flow.cancel)
    around = f"(?:{POLITELY})*(?:{words})(?:{AFTERWARDS})*"
    return len(last) <= LONGEST_CANCEL and bool(words and re.fullmatch(around, last))
