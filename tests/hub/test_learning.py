"""Bots learn with people: what was not understood comes together, agents say what it means, ops take it over."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub import settings
from hub.app import create_store
from hub.db import db, now
from hub.knowledge import variants
from hub.models import (
    Agent,
    AuditEntry,
    BotTurn,
    Contact,
    Conversation,
    Message,
    Proposal,
    QuestionCluster,
    Suggestion,
)
from hub.services import erasure, versions
from tests.stage import CONFIG, Person, Stage, written
from workers import learning, suggesting
from workers.learning_commands import learn as learn_command
from workers.learning_commands import proposals as proposals_command

INVOICE = ("怎么开发票", "发票怎么开", "怎么开发票呢")
FAQ = """\
# what the shop knows

[[entry]]
id = "invoice"  # VAT
questions = [
    "开票", "电子发票在哪",
    "Where is my invoice?", # by mail
]
answer.zh = "在订单里。"

[[entry]]
id = "refund"
questions = ["怎么退款", 'How do I get a refund?']
answer.zh = "七天内可以退款。"
"""


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent("Anna")


@pytest.fixture
def asks(stage: Stage) -> Iterator[Any]:
    """A customer asks a bot, which comes to this."""
    numbers = count(1)

    def ask(text: str, *, sender: str = "bo", days: float = 1, outcome: str = "missed", **fields: Any) -> int:
        stage.page(written(text, sender=sender, number=next(numbers)))
        stage.do("arrival")
        at = now() - timedelta(days=days)
        with stage.inside():
            message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
            assert message is not None and message.text == text
            message.conversation.bot = "frontdesk"
            values = {"reason": "not_understood" if outcome == "missed" else "", **fields}
            turn = BotTurn(lane="x", state="done", conversation=message.conversation, outcome=outcome, **values)
            turn.message, turn.created_at = message, at
            db.session.add(turn)
        return message.id

    return ask


@pytest.fixture
def taught(stage: Stage) -> Iterator[None]:
    """A version in use that knows two things."""
    files = {**settings.teachable(CONFIG), "faq/shop.toml": FAQ}
    before = dict(stage.app.extensions)
    with stage.inside():
        versions.note(files, "taught", [], {}, accepted=True)
    stage.app.extensions["looked at"] = 0.0
    yield
    stage.app.extensions.clear()
    stage.app.extensions.update(before)


def learn(stage: Stage) -> int:
    with stage.app.app_context():
        return learning.learn()


def listed(person: Person, state: str = "open") -> list[tuple[str, int, int]]:
    return [(each["question"], each["size"], each["before"]) for each in person.get("/questions", state=state)["items"]]


# what bots had no right answer to


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"outcome": "missed"}, True),
        ({"outcome": "handed_over", "reason": "not_understood"}, True),
        ({"outcome": "handed_over", "reason": "none_of_these"}, True),
        ({"outcome": "handed_over", "reason": "repeated"}, True),
        ({"outcome": "handed_over", "reason": "asked_for_person"}, False),
        ({"outcome": "handed_over", "reason": "angry"}, False),
        ({"outcome": "said", "choice": "invoice"}, False),
        ({"outcome": "said", "choice": "invoice", "rating": "good"}, False),
        ({"outcome": "said", "choice": "invoice", "rating": "bad"}, True),
        ({"outcome": "missed", "rating": "good"}, False),
        ({"outcome": "silent"}, False),
        ({"text": "问" * 501}, False),
        ({"outcome": "missed", "days": 15}, False),
        ({"outcome": "missed", "days": 8}, False),  # of the week before only
    ],
)
def test_which_questions_count(anna: Person, stage: Stage, asks: Any, fields: dict[str, Any], counts: bool) -> None:
    asks(**{"text": "怎么开发票", **fields})
    assert learn(stage) == counts
    assert bool(listed(anna)) == counts


def test_questions_alike_come_together_with_their_trend(anna: Person, stage: Stage, asks: Any, taught: None) -> None:
    asks("怎么开发票？", sender="cy", days=9)
    for text in INVOICE:
        asks(text)
    asks("有没有实体店", days=2)
    assert learn(stage) == 2
    assert [(size, before) for _, size, before in listed(anna)] == [(3, 1), (1, 0)]
    invoice, shop = anna.get("/questions")["items"]
    assert {*invoice["examples"]} == {*INVOICE} and invoice["question"] == invoice["examples"][0]
    assert (shop["question"], shop["examples"], shop["bot"], shop["state"]) == (
        *("有没有实体店", ["有没有实体店"], "frontdesk", "open"),
    )
    assert all(each["id"] in ("invoice", "refund") for each in invoice["nearest"])
    assert learn(stage) == 2  # again: replaced, not doubled
    assert len(listed(anna)) == 2


def test_what_the_bot_knows_by_now_is_not_listed(anna: Person, stage: Stage, asks: Any, taught: None) -> None:
    asks("开票？")
    asks("电子发票在哪", outcome="said", choice="refund", rating="bad")  # known, and answered wrongly all the same
    learn(stage)
    assert listed(anna) == [("电子发票在哪", 1, 0)]


def test_pages_of_questions(anna: Person, stage: Stage, asks: Any) -> None:
    for text in (*INVOICE, "有没有实体店", "注销账号", "what are your opening hours"):
        asks(text)
    learn(stage)
    first = anna.get("/questions", limit=2)
    rest = anna.get("/questions", limit=2, cursor=first["next"])
    sizes = [each["size"] for each in (*first["items"], *rest["items"])]
    assert sizes == sorted(sizes, reverse=True)
    assert rest["next"] is None or anna.get("/questions", limit=2, cursor=rest["next"])
    assert not {each["id"] for each in first["items"]} & {each["id"] for each in rest["items"]}
    assert anna.get("/questions", 422, cursor="x")["code"] == "invalid"
    assert anna.get("/questions", 422, state="x")["code"] == "invalid"


def test_what_was_dismissed_does_not_come_again_even_as_others_ask_it(anna: Person, stage: Stage, asks: Any) -> None:
    asks("怎么开发票")
    learn(stage)
    [cluster] = anna.get("/questions")["items"]
    assert anna.post(f"/questions/{cluster['id']}/dismiss")["state"] == "dismissed"
    asks("怎么开发票呢", sender="cy", days=0)
    asks("有没有实体店", sender="cy", days=0)
    learn(stage)
    assert listed(anna) == [("有没有实体店", 1, 0)]
    assert listed(anna, "dismissed") == [("怎么开发票", 1, 0)]
    assert anna.post(f"/questions/{cluster['id']}/dismiss", None, 409)["code"] == "already_decided"
    assert anna.post("/questions/999/dismiss", None, 404)["code"] == "not_found"


def test_nobody_learns_without_signing_in(stage: Stage) -> None:
    for path in ("/questions", "/proposals", "/proposals/1/diff", "/recommendations/report"):
        assert stage.app.test_client().get(f"/api/v1{path}").status_code == 401


# what agents propose


@pytest.fixture
def cluster(anna: Person, stage: Stage, asks: Any, taught: None) -> int:
    for text in INVOICE:
        asks(text)
    learn(stage)
    [found] = anna.get("/questions")["items"]
    return int(found["id"])


def test_the_examples_are_proposed(anna: Person, stage: Stage, cluster: int) -> None:
    made = anna.post(f"/questions/{cluster}/propose", {"entry": "invoice"}, 201)
    assert {*made["questions"]} == {*INVOICE}
    assert (made["entry"], made["state"], made["by"]["name"], made["cluster"]) == ("invoice", "open", "Anna", cluster)
    assert stage.row(Proposal).questions == []  # it points at what customers wrote
    assert (listed(anna), len(listed(anna, "proposed"))) == ([], 1)
    assert [each["id"] for each in anna.get("/proposals")["items"]] == [made["id"]]
    assert anna.post(f"/questions/{cluster}/propose", {"entry": "invoice"}, 409)["code"] == "already_decided"
    [told] = [row for row in stage.rows(AuditEntry) if row.action == "propose"]
    assert (told.agent_id, told.subject, told.detail) == (anna.id, "proposal 1", {"entry": "invoice", "questions": 3})
    assert learn(stage) == 0  # and their questions do not come again


def test_chosen_and_typed_questions_are_proposed(anna: Person, stage: Stage, cluster: int) -> None:
    body = {"entry": "invoice", "questions": ["发票怎么开？", "  哪里可以\n开发票 ", "哪里可以开发票"]}
    made = anna.post(f"/questions/{cluster}/propose", body, 201)
    assert made["questions"] == ["发票怎么开", "哪里可以 开发票"]
    assert stage.row(Proposal).questions == ["哪里可以 开发票"]


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        ({"entry": "unknown"}, "invalid", "unknown"),
        ({"entry": "article:x"}, "invalid", "article:x"),
        ({"entry": "invoice", "questions": []}, "invalid", "at least one"),
        ({"entry": "invoice", "questions": ["？！"]}, "invalid", "letter"),
        ({"entry": "invoice", "questions": ["问" * 501]}, "invalid", "longer"),
        (
            {"entry": "invoice", "questions": ["新的", "怎么退款？", "开票"]},
            "already_known",
            "怎么退款？ (refund), 开票 (invoice)",
        ),
        ({"entry": "invoice", "questions": ["问"] * 21}, "invalid", ""),
        ({"entry": "invoice", "question": ["问"]}, "invalid", ""),
    ],
)
def test_what_cannot_be_proposed(anna: Person, cluster: int, body: dict[str, Any], code: str, told: str) -> None:
    status = 409 if code == "already_known" else 422
    refusal = anna.post(f"/questions/{cluster}/propose", body, status)
    assert refusal["code"] == code and told in refusal["detail"]
    assert anna.get("/proposals")["items"] == []
    assert len(listed(anna)) == 1


def test_an_agent_corrects_an_answer(anna: Person, stage: Stage, asks: Any, taught: None) -> None:
    asked = asks("我要发票抬头", outcome="said", choice="refund")
    anna.post("/conversations/1/messages", {"text": "好的"}, 201)
    with stage.inside():
        turn, answer = db.session.get_one(BotTurn, 1), db.session.get_one(Message, asked + 1)
        answer.author_kind, turn.answer_id = "bot", answer.id
    for message in (asked, asked + 1):
        made = anna.post("/proposals", {"entry": "invoice", "message_id": message}, 201)
        assert made["questions"] == ["我要发票抬头"]
    body = {"entry": "invoice", "message_id": asked, "questions": ["发票抬头", "我要发票抬头。"]}
    assert anna.post("/proposals", body, 201)["questions"] == ["我要发票抬头", "发票抬头"]
    assert stage.rows(Proposal)[2].messages == [asked]
    assert anna.post("/proposals", {"entry": "invoice", "questions": ["抬头"]}, 201)["cluster"] is None
    for wrong in ({"message_id": 999}, {}, {"questions": []}, {"message_id": asked, "questions": []}):
        assert anna.post("/proposals", {"entry": "invoice", **wrong}, 422)["code"] == "invalid"


def test_a_dismissed_proposal_leaves_its_questions_to_others(anna: Person, stage: Stage, cluster: int) -> None:
    made = anna.post(f"/questions/{cluster}/propose", {"entry": "refund"}, 201)
    assert anna.post(f"/proposals/{made['id']}/dismiss")["state"] == "dismissed"
    assert len(listed(anna)) == 1
    assert anna.get("/proposals")["items"] == []
    assert [each["id"] for each in anna.get("/proposals", state="dismissed")["items"]] == [made["id"]]
    assert anna.post(f"/proposals/{made['id']}/dismiss", None, 409)["code"] == "already_decided"
    assert anna.post("/proposals/999/dismiss", None, 404)["code"] == "not_found"
    assert learn(stage) == 1


def test_proposals_come_in_pages(anna: Person, taught: None) -> None:
    for number in range(3):
        anna.post("/proposals", {"entry": "invoice", "questions": [f"问题{number}"]}, 201)
    first = anna.get("/proposals", limit=2)
    assert [each["questions"] for each in first["items"]] == [["问题2"], ["问题1"]]
    assert [each["questions"] for each in anna.get("/proposals", cursor=first["next"])["items"]] == [["问题0"]]


# what it changes


def diff_of(person: Person, proposal: int) -> str:
    response = person.client.get(f"/api/v1/proposals/{proposal}/diff")
    assert (response.status_code, response.mimetype) == (200, "text/x-diff")
    return response.get_data(as_text=True)


def test_the_diff_changes_nothing_but_the_questions(anna: Person, taught: None) -> None:
    anna.post("/proposals", {"entry": "invoice", "questions": ['发票"抬头"', "税号"]}, 201)
    anna.post("/proposals", {"entry": "refund", "questions": ["退钱"]}, 201)
    assert [line for line in diff_of(anna, 1).splitlines() if line[0] in "+-"] == [
        *("--- a/faq/shop.toml", "+++ b/faq/shop.toml"),
        *('+    "发票\\"抬头\\"",', '+    "税号",'),
    ]
    assert [line for line in diff_of(anna, 2).splitlines()[2:] if line[0] in "+-"] == [
        "-questions = [\"怎么退款\", 'How do I get a refund?']",
        '+questions = ["怎么退款", \'How do I get a refund?\', "退钱"]',
    ]
    assert anna.get("/proposals/9/diff", 404)["code"] == "not_found"


def test_without_a_version_the_diff_is_of_the_folder(anna: Person) -> None:
    anna.post("/proposals", {"entry": "refund", "questions": ["退钱"]}, 201)
    assert '+questions = ["怎么退款", "How do I get a refund?", "退钱"]' in diff_of(anna, 1)


def test_a_proposal_whose_entry_is_gone(anna: Person, stage: Stage, taught: None) -> None:
    anna.post("/proposals", {"entry": "invoice", "questions": ["税号"]}, 201)
    with stage.inside():
        versions.note(settings.teachable(CONFIG), "without", [], {}, accepted=True)
    assert anna.get("/proposals/1/diff", 409)["code"] == "entry_is_gone"


@pytest.fixture
def folder(data: Path, taught: None) -> Path:
    """What ops keep."""
    shutil.copytree(CONFIG, data / "config")
    (data / "config/faq/shop.toml").write_text(FAQ)
    return data / "config"


def run(folder: Path, *arguments: str) -> Result:
    command = learn_command if arguments[0] == "learn" else proposals_command
    made: list[Flask] = []

    def create() -> Flask:
        made.append(create_store())
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.app.create_store", create)
        patch.setattr("os.environ", {**os.environ})
        result = CliRunner().invoke(command, [*arguments[1:], "--config", str(folder), "--data", str(folder.parent)])
    for each in made:
        with each.app_context():
            db.engine.dispose()
    return result


def test_ops_look_at_proposals_and_take_them(anna: Person, stage: Stage, folder: Path, cluster: int) -> None:
    made = anna.post(f"/questions/{cluster}/propose", {"entry": "invoice"}, 201)
    anna.post("/proposals", {"entry": "refund", "questions": ["退钱"]}, 201)
    file = folder / "faq/shop.toml"
    file.chmod(0o640)
    shown = run(folder, "proposals")
    assert shown.exit_code == 0, shown.output
    assert "proposal 1 by Anna: invoice" in shown.output and '+    "怎么开发票",' in shown.output
    assert file.read_text() == FAQ
    taken = run(folder, "proposals", "--apply", "1")
    assert (taken.exit_code, taken.output) == (0, "proposal 1 by Anna: invoice\nwritten\n")
    settings.load(folder)
    added = "".join(f'    "{each}",\n' for each in made["questions"])
    assert file.read_text() == FAQ.replace("# by mail\n", f"# by mail\n{added}")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["shop.toml"]
    assert [row.state for row in stage.rows(Proposal)] == ["taken", "open"]
    [told] = [row for row in stage.rows(AuditEntry) if row.action == "apply"]
    assert (told.agent_id, told.subject) == (None, "proposal 1")
    for settled in ("1", "99", "x"):
        assert run(folder, "proposals", "--apply", settled).exit_code == 1
    assert run(folder, "proposals", "--apply", "all").exit_code == 0
    assert run(folder, "proposals").output == "Nothing is proposed.\n"
    assert settings.load(folder).knowledge.entry["refund"].questions[-1] == "退钱"


def test_what_the_file_has_meanwhile_is_taken_without_a_change(anna: Person, stage: Stage, folder: Path) -> None:
    anna.post("/proposals", {"entry": "refund", "questions": ["退钱"]}, 201)
    file = folder / "faq/shop.toml"
    file.write_text(FAQ.replace("'How", "'退钱！', 'How"))
    before = file.read_bytes(), file.stat().st_mtime_ns
    assert "known already" in run(folder, "proposals", "--apply", "all").output
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert stage.row(Proposal).state == "taken"


def test_what_would_break_the_folder_is_not_written(anna: Person, stage: Stage, folder: Path) -> None:
    anna.post("/proposals", {"entry": "refund", "questions": ["退钱"]}, 201)
    anna.post("/proposals", {"entry": "invoice", "questions": ["税号"]}, 201)
    file = folder / "faq/shop.toml"
    taken = FAQ.replace('"开票",', '"开票", "退钱",')
    file.write_text(taken)
    result = run(folder, "proposals", "--apply", "all")
    assert result.exit_code == 1 and "the same question" in result.output and "written" in result.output
    assert [row.state for row in stage.rows(Proposal)] == ["open", "taken"]
    assert file.read_text() == taken.replace("# by mail\n", '# by mail\n    "税号",\n')


def test_a_folder_that_cannot_be_written(
    anna: Person, stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_place(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    anna.post("/proposals", {"entry": "refund", "questions": ["退钱"]}, 201)
    monkeypatch.setattr("os.fsync", no_place)
    result = run(folder, "proposals", "--apply", "1")
    assert result.exit_code == 1 and "No space left" in result.output
    assert [path.name for path in (folder / "faq").iterdir()] == ["shop.toml"]
    assert (folder / "faq/shop.toml").read_text() == FAQ
    assert stage.row(Proposal).state == "open"


def test_lines_that_end_as_on_windows_still_do(anna: Person, stage: Stage, folder: Path) -> None:
    anna.post("/proposals", {"entry": "invoice", "questions": ["税号"]}, 201)
    file = folder / "faq/shop.toml"
    file.write_bytes(FAQ.replace("\n", "\r\n").encode())
    assert run(folder, "proposals", "--apply", "1").exit_code == 0
    expected = FAQ.replace("# by mail\n", '# by mail\n    "税号",\n').replace("\n", "\r\n")
    assert file.read_bytes() == expected.encode()


def test_learning_at_once(anna: Person, asks: Any, folder: Path) -> None:
    asks("有没有实体店")
    result = run(folder, "learn")
    assert (result.exit_code, result.output.split()[0]) == (0, "1")
    assert listed(anna) == [("有没有实体店", 1, 0)]


# who is erased


def test_who_is_erased_has_asked_and_is_quoted_nothing(anna: Person, stage: Stage, asks: Any, taught: None) -> None:
    asks("怎么开hidden发票", sender="wang")
    asks("怎么开发票", sender="bo")
    asks("hidden实体店", sender="wang")
    learn(stage)
    everything = {each["question"]: each["id"] for each in anna.get("/questions")["items"]}
    [invoice] = [number for name, number in everything.items() if "发票" in name][:1]
    anna.post(f"/questions/{invoice}/propose", {"entry": "invoice"}, 201)
    anna.post(
        "/proposals", {"entry": "invoice", "message_id": stage.rows(Message, Message.text == "hidden实体店")[0].id}, 201
    )
    with stage.inside():
        wang = db.session.scalars(select(Contact).join(Contact.identities).order_by(Contact.id)).first()
        assert wang is not None
        erasure.erase(wang, ["everything"], db.session.get(Agent, anna.id))
    told = json.dumps(
        [
            anna.get(path, state=state)
            for path, state in (
                *(("/questions", each) for each in ("open", "proposed", "dismissed")),
                *(("/proposals", each) for each in ("open", "taken", "dismissed")),
            )
        ]
    )
    assert "hidden" not in told
    assert all("hidden" not in repr([row.questions, row.messages]) for row in stage.rows(Proposal))
    assert all("hidden" not in repr(row.nearest) for row in stage.rows(QuestionCluster))
    assert "hidden实体店" not in [each["question"] for each in anna.get("/questions")["items"]]
    last = stage.rows(Proposal)[-1].id
    assert last not in [each["id"] for each in anna.get("/proposals")["items"]]
    assert anna.get(f"/proposals/{last}/diff", 404)["code"] == "not_found"
    shown = [each["id"] for state in ("open", "proposed") for each in anna.get("/questions", state=state)["items"]]
    hidden = [row.id for row in stage.rows(QuestionCluster) if row.id not in shown]
    assert hidden
    for number in hidden:
        assert anna.post(f"/questions/{number}/propose", {"entry": "invoice"}, 404)["code"] == "not_found"
    learn(stage)
    assert "hidden" not in json.dumps(anna.get("/questions"))


# files


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('questions=["x"]', 'questions=["x", "新"]'),
        ('questions=["x",]', 'questions=["x", "新"]'),
        ('questions = [ # ways\n  "x"  # one\n]', 'questions = [ # ways\n  "x",  # one\n  "新",\n]'),
        ('questions = [\n\t"x",\n\n\t# more\n\n]', 'questions = [\n\t"x",\n\n\t# more\n\t"新",\n\n]'),
        ('questions = ["x",\n"y"]', 'questions = ["x",\n"y",\n    "新",]'),
        ('questions = ["x", "新！"]', 'questions = ["x", "新！"]'),
    ],
)
def test_how_a_question_is_written_into_a_file(before: str, after: str) -> None:
    file = '# top\n[[entry]]\nid = "a"\n{}\nanswer.zh = "b" # so\n\n[[entry]]\nid="c"\nquestions=["d"]\n'
    assert variants.with_questions(file.format(before), "a", ["新"]) == file.format(after)


def test_entries_in_one_line_and_files_that_hold_none() -> None:
    file = 'entry = [{id = "a", questions = ["x"], answer = {zh = "b"}}]'
    assert variants.with_questions(file, "a", ["新"]) == file.replace('["x"]', '["x", "新"]')
    files = {"faq/b.toml": file, "faq/a.toml": "", "flows/a.toml": file, "articles/x.md": "+++"}
    assert variants.file_of("a", files) == "faq/b.toml"
    assert variants.file_of("b", files) is None


WORDS = st.text("ab\"'\\#\n\t[],=新怎\u2028\x7f𝄞", min_size=1, max_size=8)
SPACES = st.sampled_from(["", " ", "\n", "\n    ", "\n\t", " # so\n", "\n# so\n  ", "\n\n"])


@given(
    st.lists(st.tuples(SPACES, WORDS, SPACES), min_size=1, max_size=5),
    SPACES,
    st.booleans(),
    st.lists(WORDS, max_size=3),
)
def test_whatever_a_file_looks_like_the_rest_of_it_stays(
    written: list[tuple[str, str, str]], end: str, comma: bool, new: list[str]
) -> None:
    quoted = [f"{before}{json.dumps(word, ensure_ascii=True)}{after}" for before, word, after in written]
    try:
        listing = f"[{','.join(_toml(each) for each in quoted)}{',' if comma else ''}{end}]"
        file = f'[[entry]]\nid = "a"\nquestions = {listing}\nanswer.zh = "b" # so'
        old = _entry(file)
    except ValueError:
        return
    try:
        edited = variants.with_questions(file, "a", new)
    except variants.CannotEdit:
        return
    assert _entry(edited)["questions"][: len(written)] == old["questions"]
    assert {*_entry(edited)["questions"][len(written) :]} <= {*new}
    assert file.count("# so") == edited.count("# so")
    assert _patched(file, variants.diff("f", file, edited)) == edited


def _toml(text: str) -> str:
    """JSON writes what is above U+FFFF in two halves, and TOML does not."""
    return re.sub(r"\\ud[89ab]..\\ud[c-f]..", "𝄞", text).replace("\x7f", "")


def _entry(file: str) -> dict[str, Any]:
    import tomllib

    [entry] = tomllib.loads(file)["entry"]
    found: dict[str, Any] = entry
    return found


def _patched(before: str, diff: str) -> str:
    """What `patch` makes of it: all of these files are short enough for one hunk that begins near the top."""
    if not diff:
        return before
    lines = diff.split("\n")[3:-1]
    start = int(re.findall(r"@@ -(\d+)", diff)[0]) - 1
    old = [line[1:] for line in lines if line[0] in " -"]
    new = [line[1:] for line in lines if line[0] in " +"]
    rows = before.split("\n")
    assert rows[start : start + len(old)] == old
    return "\n".join([*rows[:start], *new, *rows[start + len(old) :]])


# recommendations


CATALOGUE = """\
[[item]]
id = "wrap"
kind = "action"
title.zh = "礼物包装"
text.zh = "我们免费包装。"
about = ["送礼"]

[[item]]
id = "care"
kind = "article"
title.zh = "皮具护理"
url = "https://shop.test/care"
about = ["怎么保养"]

[[item]]
id = "member"
title.zh = "会员价"
tags = ["vip"]
because.zh = "她是会员"
"""


@pytest.fixture
def catalogue(stage: Stage, taught: None) -> None:
    files = {**settings.teachable(CONFIG), "faq/shop.toml": FAQ, "catalogue/shop.toml": CATALOGUE}
    with stage.inside():
        versions.note(files, "with a catalogue", [], {}, accepted=True)
    stage.app.extensions["looked at"] = 0.0
    stage.app.extensions.pop(suggesting.USES, None)
    with stage.inside():
        versions.refreshed()


def recommended(stage: Stage, person: Person, text: str, *, sender: str = "bo", number: int = 0) -> dict[str, Any]:
    stage.page(written(text, sender=sender, number=number))
    stage.work()
    with stage.inside():
        found = db.session.scalars(select(Message).where(Message.text == text).order_by(Message.id.desc())).first()
        assert found is not None
    result: dict[str, Any] = person.get(f"/conversations/{found.conversation_id}/suggestions")
    return result | {"conversation": found.conversation_id}


def test_recommendations_stand_beside_the_question(anna: Person, stage: Stage, catalogue: None) -> None:
    made = recommended(stage, anna, "想送礼", number=1)
    assert made["recommendations"] == [
        {
            "id": "item:wrap",
            "kind": "action",
            "title": "礼物包装",
            "text": "我们免费包装。",
            "url": "",
            "reason": "送礼",
            "by": "similar",
        }
    ]
    with stage.inside():
        db.session.get_one(Contact, 1).tags = ["vip"]
    made = recommended(stage, anna, "在吗", number=2)
    assert [(each["id"], each["by"], each["reason"]) for each in made["recommendations"]] == [
        ("item:member", "rule", "她是会员")
    ]


def test_what_was_used_is_counted_once_conversations_are_resolved(anna: Person, stage: Stage, catalogue: None) -> None:
    def use(sender: str, number: int) -> int:
        made = recommended(stage, anna, "想送礼", sender=sender, number=number)
        where, taken = made["conversation"], {"id": made["id"], "which": "item:wrap"}
        anna.post(f"/conversations/{where}/messages", {"text": "我们免费包装。", "suggestion": taken}, 201)
        again = recommended(stage, anna, "还想送礼", sender=sender, number=number + 50)
        assert "item:wrap" not in [each["id"] for each in again["recommendations"]]  # it was said already
        return int(where)

    first = use("bo", 1)
    assert [each["by"] for each in recommended(stage, anna, "在吗", sender="cy", number=90)["recommendations"]] == []
    with stage.inside():
        db.session.get_one(Conversation, first).status = "resolved"
    stage.app.extensions.pop(suggesting.USES)
    made = recommended(stage, anna, "在不在", sender="cy", number=91)
    assert [(each["id"], each["by"], each["reason"]) for each in made["recommendations"]] == [
        ("item:wrap", "popular", "1")
    ]
    report = anna.get("/recommendations/report")
    told = {each["by"]: (each["shown"], each["used"], each["rate"]) for each in report["items"]}
    assert told == {
        "rule": (0, 0, None),
        "together": (0, 0, None),
        "similar": (1, 1, 1.0),
        "popular": (1, 0, 0.0),
    }
    assert (report["shown"], report["used"], report["rate"]) == (2, 1, 0.5)


def test_each_way_is_compared_with_what_is_popular(anna: Person, stage: Stage) -> None:
    def offer(sender: str, by: str, used: bool) -> None:
        stage.page(written("你好", sender=sender, number=int(sender)))
        stage.do("arrival")
        with stage.inside():
            message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
            assert message is not None
            each = {"id": "item:x", "by": by}
            row = Suggestion(lane="x", state="done", message=message, conversation=message.conversation)
            row.answers, row.recommendations, row.used = [], [each], "item:x" if used else None
            db.session.add(row)

    for number in range(4):
        offer(str(number + 1), "rule", used=number < 3)
    for number in range(4):
        offer(str(number + 11), "popular", used=number < 2)
    told = {each["by"]: each for each in anna.get("/recommendations/report")["items"]}
    assert (told["rule"]["rate"], told["rule"]["against_popular"]) == (0.75, 1.5)
    assert (told["popular"]["against_popular"], told["similar"]["against_popular"]) == (1.0, None)
