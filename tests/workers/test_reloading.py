"""What ops change is taken up without a restart, and a version that is wrong changes nothing."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hub.models import BotVersion
from tests.stage import CONFIG, Stage, WeChat
from workers import reloading, tasks
from workers.app import hub

SHIPPING = '\n[[entry]]\nid = "shipping"\nquestions = ["什么时候发货"]\nanswer.zh = "明天发货。"\n'
SUITE = '[[case]]\nask = ["怎么退款"]\nmeans = "refund"\n[[script]]\nname = "refund"\n'
TURN = '[[script.turn]]\ncustomer = "怎么退款"\nsays = "{}"\n'


@pytest.fixture
def folder(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of the hub's processes, for this test to change."""
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    for app in (stage.app, hub()):
        monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], folder=config))
    reloading._looked.clear()
    return config


def change(path: Path, text: str) -> None:
    """Some time ago, so that it is at rest."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - 60, time.time() - 60 + len(text) % 7))


def look(stage: Stage) -> list[BotVersion]:
    tasks.look_at_files()
    for app in (stage.app, hub()):
        app.extensions.pop("looked at", None)
    return stage.rows(BotVersion)


def test_a_new_answer_is_given_without_a_restart(stage: Stage, folder: Path, wechat: WeChat) -> None:
    assert [version.accepted for version in look(stage)] == [True]
    faq = folder / "faq" / "shop.toml"
    change(faq, faq.read_text() + SHIPPING)
    assert [version.accepted for version in look(stage)] == [True, True]
    stage.push("什么时候发货")
    tasks.work("arrival")
    assert stage.thread()[-1] == ("bot", "明天发货。")
    assert stage.agent().get("/bots")["version"] == look(stage)[-1].fingerprint


def test_what_has_not_changed_is_no_new_version(stage: Stage, folder: Path) -> None:
    look(stage)
    reloading._looked.clear()  # another worker's turn
    assert len(look(stage)) == 1


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("faq/more.toml", "[[entry]]\nid = 'X'", "entry.0.id: use small letters"),
        ("faq/more.toml", "[[entry", "faq/more.toml"),
        ("bots/frontdesk.toml", '[[engines]]\nengine = "parrot"', "engines.0.engine: unknown engine"),
        ("tests/shop.toml", SUITE + TURN.format("不存在的回答"), "tests/shop.toml: script “refund”"),
        ("tests/shop.toml", 'accuracy = 0.9\n[[case]]\nask = ["怎么退款"]\nmeans = "none"\n', ""),
        ("tests/shop.toml", '[[case]]\nask = ["怎么退款"]\nmeans = "gone"\n', "nothing is called 'gone'"),
    ],
)
def test_a_version_that_is_wrong_changes_nothing(
    stage: Stage, folder: Path, wechat: WeChat, name: str, text: str, problem: str
) -> None:
    look(stage)
    before = stage.agent("Bo").get("/bots")["version"]
    change(folder / name, text)
    newest = look(stage)[-1]
    if not problem:
        assert newest.accepted
        return
    assert not newest.accepted
    assert any(problem in said for said in newest.problems)
    shown = stage.agent().get("/bots")
    assert (shown["version"], shown["refused"]["problems"]) == (before, newest.problems)
    stage.push("怎么退款")
    tasks.work("arrival")
    assert stage.thread()[-1] == ("bot", "七天内可以退款。")


def test_what_is_put_right_is_taken_up(stage: Stage, folder: Path) -> None:
    look(stage)
    change(folder / "faq" / "more.toml", "[[entry]]\nid = 'X'")
    look(stage)
    change(folder / "faq" / "more.toml", SHIPPING)
    assert [version.accepted for version in look(stage)] == [True, False, True]
    assert stage.agent().get("/bots")["refused"] is None


def test_a_bot_that_a_channel_needs_cannot_go(stage: Stage, folder: Path) -> None:
    look(stage)
    (folder / "bots" / "frontdesk.toml").rename(folder / "bots" / "other.toml")
    assert "is gone, and a channel needs it" in look(stage)[-1].problems[0]


def test_what_is_still_being_written_waits(stage: Stage, folder: Path) -> None:
    look(stage)
    (folder / "faq" / "more.toml").write_text(SHIPPING)
    assert len(look(stage)) == 1


def test_a_file_that_cannot_be_read_is_no_version(stage: Stage, folder: Path) -> None:
    look(stage)
    change(folder / "faq" / "more.toml", SHIPPING)
    (folder / "faq" / "more.toml").write_bytes(b"\xff\xfe")
    os.utime(folder / "faq" / "more.toml", (1, 1))
    assert len(look(stage)) == 1
