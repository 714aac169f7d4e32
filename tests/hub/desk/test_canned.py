"""Ready-made texts and macros of config/: what is right is read, and every mistake is named."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hub.desk import canned
from hub.desk.gaps import SAMPLES, filled, gaps, unknown_gaps

HUB = {"teams": {"sales": []}}
WORK = {"labels": [{"id": "refund"}], "dispositions": [{"id": "solved"}]}
GREETING = '[[reply]]\nid = "hi"\ntitle = "问候"\ntext = "您好"\n'
MACRO = '[[macro]]\nid = "bye"\ntitle = "再见"\nactions = [{}]\n'


def read(*files: str) -> tuple[canned.Canned, list[str]]:
    folder, problems = Path("config"), list[str]()
    texts = {folder / "canned" / f"{'abc'[at]}.toml": text for at, text in enumerate(files)}
    parsed = {path: tomllib.loads(text) for path, text in texts.items()}
    found = canned.put_together(
        folder, {folder / "hub.toml": HUB, folder / "work.toml": WORK, **parsed}, {**texts}, problems
    )
    return found, problems


def test_what_is_right_is_read_with_its_place() -> None:
    found, problems = read(
        f"# 问候\n\n{GREETING}\n{MACRO.format('{ resolve = true }')}", GREETING.replace("hi", "hello")
    )
    assert problems == []
    assert {name: (each.file, each.line) for name, each in found.items()} == {
        "hi": ("config/canned/a.toml", 3),
        "bye": ("config/canned/a.toml", 8),
        "hello": ("config/canned/b.toml", 1),
    }
    assert found["hi"].said.title.zh == "问候"


ONE = "write exactly one of reply, note, label, priority, team, assign, snooze, resolve in each action"
MISTAKES = {
    "twice": ([GREETING, GREETING], ["b.toml: hi.id: is already in config/canned/a.toml"]),
    "a gap nobody fills": (
        [GREETING.replace("您好", "{customer.nmae}您好")],
        ["a.toml: reply.0.text: there is no {customer.nmae}: see the list in docs/inbox.md"],
    ),
    "no such team": ([f'{GREETING}team = "night"'], ["a.toml: hi.team: there is no team 'night'"]),
    "nor in an action": (
        [MACRO.format('{ note = "x" }, { team = "night" }')],
        ["a.toml: bye.actions.1.team: there is no team 'night'"],
    ),
    "no such label, no such end": (
        [MACRO.format('{ label = "refund" }, { label = "gold" }, { resolve = "solved" }, { resolve = "done" }')],
        [
            "a.toml: bye.actions.1.label: there is no label 'gold'",
            "a.toml: bye.actions.3.resolve: there is no disposition 'done'",
        ],
    ),
    "no such priority": (
        [MACRO.format('{ priority = "top" }')],
        ["a.toml: macro.0.actions.0.priority: Input should be 'low', 'normal', 'high' or 'urgent'"],
    ),
    "an unknown action": (
        [MACRO.format('{ fax = "x" }')],
        ["a.toml: macro.0.actions.0.fax: unknown key"],
    ),
    "two in one": ([MACRO.format('{ note = "x", resolve = true }')], [f"a.toml: macro.0.actions.0: {ONE}"]),
    "resolve that does not": ([MACRO.format("{ resolve = false }")], [f"a.toml: macro.0.actions.0: {ONE}"]),
    "no time": (
        [MACRO.format('{ snooze = "soon" }')],
        ['a.toml: macro.0.actions.0.snooze: write a duration as "30s", "10m", "48h" or "1d"'],
    ),
    "nothing to do": (
        [MACRO.replace("{}", "")],
        ["a.toml: macro.0.actions: List should have at least 1 item after validation, not 0"],
    ),
    "all at once": (
        [GREETING.replace('title = "问候"', "tilte = 1"), f'{GREETING}team = "night"'],
        [
            "a.toml: reply.0.title: Field required",
            "a.toml: reply.0.tilte: unknown key",
            "b.toml: hi.team: there is no team 'night'",
        ],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    files, problems = MISTAKES[name]
    assert read(*files)[1] == [f"config/canned/{each}" for each in problems]


@pytest.mark.parametrize(
    ("text", "reads", "left"),
    [
        ("{customer.name}，您好", "王小明，您好", []),
        ("{date} {time} {agent.name}", "2026-11-28 14:05 小林", []),
        ("订单 {context.order.number}", "订单 {context.order.number}", ["context.order.number"]),
        ("{customer.phone} {customer.phone}", "{customer.phone} {customer.phone}", ["customer.phone"]),
        ("{}, { date }, {dates}, {name}, {customer}", "{}, { date }, {dates}, {name}, {customer}", []),
    ],
)
def test_gaps(text: str, reads: str, left: list[str]) -> None:
    assert (filled(text, SAMPLES), gaps(reads)) == (reads, left)


def test_what_the_customers_side_tells_nobody_knows_before() -> None:
    assert unknown_gaps("{context.order} {customer.name} {agent.age} {agent.age}") == ["agent.age"]
