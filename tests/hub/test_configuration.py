"""What lives in files is shown with its file and line, and no secret."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.queries import configuration
from tests.stage import Stage, written

WORK = '''# how people work
labels = [
  "refund", # money
  "return",
]

[snooze]
at_most = "30d"
greeting = """
[not a header]
key = "neither"
"""
key = "env:TEST_APP_SECRET"
url = "https://user:hush@example.com/x"

[[rules]]
when.tag = "vip"
on = true

[[rules]]
'''


@pytest.fixture
def folder(stage: Stage, tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    (folder / "faq").mkdir(parents=True)
    (folder / "work.toml").write_text(WORK)
    (folder / "faq/shop.toml").write_text('[[entries]]\nid = "x"\n')
    return folder


def test_every_entry_has_its_line(stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(stage.app.extensions["settings"], folder=folder)
    monkeypatch.setitem(stage.app.extensions, "settings", settings)
    with stage.inside():
        shown = [
            (each.file, each.section, each.line, [(entry.key, entry.value, entry.line) for entry in each.entries])
            for each in configuration.sections()
        ]
    file = "config/work.toml"
    assert shown == [
        (file, "", 1, [("labels", "refund, return", 2)]),
        (
            file,
            "snooze",
            7,
            [
                ("at_most", "30d", 8),
                ("greeting", '[not a header]\nkey = "neither"\n', 9),
                ("key", "env:TEST_APP_SECRET", 13),
                ("url", "https://…@example.com/x", 14),
            ],
        ),
        (file, "rules", 16, [("when.tag", "vip", 17), ("on", "true", 18)]),
        (file, "rules", 20, []),
    ]


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("supervisor", 200), ("admin", 200)])
def test_the_files_are_for_supervisors(stage: Stage, role: str, status: int) -> None:
    answer = stage.agent(role=role).get("/config", status)
    if status == 200:
        assert {"config/hub.toml", "config/channels/shop.toml"} <= {each["file"] for each in answer["items"]}
        assert "app-secret-9f2c" not in str(answer) and "env:TEST_APP_SECRET" in str(answer)


def test_teams_say_who_is_in_them_and_where_that_is_written(stage: Stage) -> None:
    anna = stage.agent()
    teams = {team["name"]: team for team in anna.get("/teams")["items"]}
    sales, everyone = teams["sales"], teams["everyone"]
    assert (sales["file"], sales["line"], sales["open"]) == ("config/hub.toml", 7, False)
    assert [(member["email"], member["name"], member["role"]) for member in sales["members"]] == [
        ("anna@example.com", "Anna", "agent")
    ]
    assert sales["members"][0]["seen_at"]
    assert teams["returns"]["members"] == [
        {"email": "bo@example.com", "id": None, "name": "", "role": None, "seen_at": None, "disabled": False}
    ]
    assert (everyone["line"], everyone["open"]) == (None, True)
    assert [member["name"] for member in everyone["members"]] == ["Anna"]


def test_labels_and_outcomes_say_where_they_are_written_and_what_carries_them(stage: Stage) -> None:
    anna, bo = stage.agent(), stage.agent("Bo")
    stage.page(*[written("hi", sender=f"c{number}", number=number) for number in range(1, 5)])
    stage.work()
    for number in (1, 2, 3):
        anna.patch(f"/conversations/{number}", {"labels": ["refund"]})
    anna.post("/conversations/1/resolve")
    stage.agent("Boss", "supervisor").post("/conversations/2/assign", {"team": "sales"})
    refund, vip = anna.get("/labels")["items"]
    assert refund == {
        "id": "refund",
        "zh": "退款",
        "en": "Refund",
        "color": "amber",
        "pinyin": ["tuikuan", "tk"],
        "file": "config/work.toml",
        "line": 6,
        "conversations": 2,
    }
    assert (vip["line"], vip["conversations"]) == (12, 0)
    assert bo.get("/labels")["items"][0]["conversations"] == 1
    [solved] = anna.get("/dispositions")["items"]
    spelt = ["yijiejue", "yjj"]
    assert solved == {
        "id": "solved",
        "zh": "已解决",
        "en": "Solved",
        "pinyin": spelt,
        "file": "config/work.toml",
        "line": 1,
    }


def test_a_word_without_a_table_of_its_own_has_only_its_file(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "work.toml").write_text('labels = [{ id = "refund", zh = "退款", en = "Refund" }]\n')
    settings = replace(stage.app.extensions["settings"], folder=folder)
    monkeypatch.setitem(stage.app.extensions, "settings", settings)
    anna = stage.agent()
    assert [(each["file"], each["line"]) for each in anna.get("/labels")["items"]] == [("config/work.toml", None)] * 2
