"""Runs the steps of a flow, until something is asked, it ends, or a person takes over."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from hub.knowledge import Call, Collect, Step
from hub.knowledge.flows import END
from workers.bots.contract import Candidate, HandOver, Later, Say, Turn
from workers.bots.flows import calls
from workers.bots.flows.dialogue import Dialogue, noted, too_large
from workers.bots.flows.texts import filled, labelled, shown

MOST_STEPS = 20  # in one turn
LONGEST = 12.0  # seconds for all calls of one turn: the customer waits
AFTER = {"missing": "not_found", "failed": "action_failed"}  # why a person takes over, where no step follows


def run(dialogue: Dialogue, turn: Turn, candidates: tuple[Candidate, ...] = ()) -> Say | HandOver:
    """From the step at which the dialogue is. What is said on the way is said in one message."""
    said: list[str] = []
    until = monotonic() + LONGEST
    for _ in range(MOST_STEPS):
        dialogue = _at_next(dialogue, turn)
        if dialogue.position >= len(dialogue.flow.step):
            return _ended(dialogue, said, candidates)
        step = dialogue.flow.step[dialogue.position]
        if step.say:
            said.append(
                filled(step.say.in_(dialogue.language), shown(dialogue.flow, dialogue.slots, dialogue.language))
            )
        if step.hand_over:
            return hand_over(dialogue, "flow_done", said, candidates)
        if step.collect:
            if step.collect.slot not in dialogue.given:
                return ask(dialogue, turn, said, candidates=candidates)
            dialogue = _taken(dialogue, step.collect)
        elif step.call:
            outcome = _called(step.call, dialogue, turn, until - monotonic())
            if outcome.result != "found":
                follows = step.call.missing if outcome.result == "missing" else step.call.failed
                if follows is None:
                    return hand_over(dialogue, AFTER[outcome.result], said, candidates)
                dialogue = at(dialogue, follows)
                continue
            dialogue = replace(dialogue, slots={**dialogue.slots, **outcome.saved})
        dialogue = after(dialogue)
    return hand_over(dialogue, "flow_loop", [], candidates)  # what it said twenty times, nobody wants to read


def ask(
    dialogue: Dialogue,
    turn: Turn,
    said: list[str],
    *,
    again: bool = False,
    candidates: tuple[Candidate, ...] = (),
) -> Say | HandOver:
    """For what the step collects. Each time counts, also where its value led to nothing and it is asked for anew."""
    collect = dialogue.collect
    times = dialogue.asked.get(collect.slot, 0)
    if times >= collect.tries:
        return hand_over(dialogue, "no_answer", said, candidates)
    dialogue = replace(dialogue, asked={**dialogue.asked, collect.slot: times + 1})
    notes = noted(dialogue, turn)
    if too_large(notes):
        return hand_over(dialogue, "flow_too_long", said, candidates)
    return Say(
        text="\n".join((*said, question(dialogue, again=again))),
        candidates=candidates,
        choices=choices(dialogue),
        notes=notes,
        slots=labelled(dialogue.flow, dialogue.slots, dialogue.language),
    )


def question(dialogue: Dialogue, *, again: bool = False) -> str:
    collect = dialogue.collect
    asks = collect.retry if again and collect.retry else collect.ask
    return filled(asks.in_(dialogue.language), shown(dialogue.flow, dialogue.slots, dialogue.language))


def choices(dialogue: Dialogue) -> tuple[str, ...]:
    return tuple(option.label.in_(dialogue.language) for option in dialogue.collect.options)


def hand_over(dialogue: Dialogue, reason: str, said: list[str], candidates: tuple[Candidate, ...] = ()) -> HandOver:
    slots = labelled(dialogue.flow, dialogue.slots, dialogue.language)
    return HandOver(reason=reason, text="\n".join(said), candidates=candidates, slots=slots)


def after(dialogue: Dialogue) -> Dialogue:
    follows = dialogue.flow.step[dialogue.position].next
    return at(dialogue, follows) if follows else replace(dialogue, position=dialogue.position + 1)


def at(dialogue: Dialogue, name: str) -> Dialogue:
    steps = dialogue.flow.step
    position = len(steps) if name == END else next(number for number, each in enumerate(steps) if each.id == name)
    return replace(dialogue, position=position)


def _at_next(dialogue: Dialogue, turn: Turn) -> Dialogue:
    """Where it is, or at the first step from there that is not skipped."""
    position = dialogue.position
    while position < len(dialogue.flow.step) and _is_skipped(dialogue.flow.step[position], dialogue, turn):
        position += 1
    return replace(dialogue, position=position)


def _is_skipped(step: Step, dialogue: Dialogue, turn: Turn) -> bool:
    if step.when and not step.when.holds(turn.at, turn.channel, turn.tags):
        return True
    return any(dialogue.slots.get(name, "") != value for name, value in step.only_if.items())


def _taken(dialogue: Dialogue, collect: Collect) -> Dialogue:
    given = dict(dialogue.given)
    value = given.pop(collect.slot)
    return replace(dialogue, given=given, slots={**dialogue.slots, collect.slot: value})


def _called(call: Call, dialogue: Dialogue, turn: Turn, within: float) -> calls.Outcome:
    if turn.at_once or turn.trial:
        raise Later
    if within <= 0:
        return calls.Outcome("failed")
    return calls.ask(call, dialogue.slots, within, turn.id)


def _ended(dialogue: Dialogue, said: list[str], candidates: tuple[Candidate, ...]) -> Say | HandOver:
    if not said:
        return hand_over(dialogue, "flow_said_nothing", said, candidates)
    meaning = f"flow:{dialogue.flow.id}"
    return Say(
        text="\n".join(said),
        candidates=candidates,
        choice=meaning,
        slots=labelled(dialogue.flow, dialogue.slots, dialogue.language),
        sources=(meaning,),
    )
