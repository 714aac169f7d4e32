"""`yizhan bot …`, as somebody at a terminal sees it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result

from workers.commands import yizhan

SAMPLE = Path(__file__).parents[2] / "config"
SHOP = """
[[entry]]
id = "invoice"
questions = ["怎么开发票", "开发票", "Can I get an invoice?"]
answer.zh = "在订单里"
answer.en = "In your orders."
answer.spoken.zh = "请到订单页面"
follow_ups = ["refund"]

[[entry]]
id = "thanks"
questions = ["谢谢"]
answer.zh = "不客气"
tags = ["smalltalk"]
"""
SUITE = """
precision = 0.9
[[case]]
means = "refund"
ask = ["怎么退款"]
[[case]]
means = "invoice"
ask = ["开发票", "Can I get an invoice?"]
[[case]]
means = "none"
ask = ["xyz"]
[[script]]
name = "thanks"
[[script.turn]]
customer = "怎么开发票"
choice = "invoice"
[[script.turn]]
customer = "1"
choice = "refund"
"""
WRONG = """
[[case]]
means = "refund"
ask = ["开发票"]
[[script]]
name = "hopeless"
[[script.turn]]
customer = "怎么开发票"
choice = "refund"
"""


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """In the folder of config/, which has two more entries."""
    with (config / "faq/shop.toml").open("a", encoding="utf-8") as file:
        file.write(SHOP)
    monkeypatch.chdir(config.parent)

    def invoke(*arguments: str, said: str | bytes | None = None) -> Result:
        with patch.dict(os.environ):  # commands set what their process goes by
            data = ["--data", "data"] if {"ask", "test", "eval"} & set(arguments[:1]) else []
            result = CliRunner().invoke(yizhan, ["bot", *arguments, *data], input=said)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


Run = Callable[..., Result]


def test_the_answer_is_said_and_why_is_told_beside_it(run: Run) -> None:
    result = run("ask", "怎么开发票")
    assert (result.exit_code, result.stdout) == (0, "在订单里\n1. 怎么退款\n")
    assert result.stderr.splitlines()[0] == "  knowledge: said"
    assert re.fullmatch(r"    (1\.00|0\.\d\d)  invoice  怎么开发票", result.stderr.splitlines()[1])
    assert "  from invoice" in result.stderr.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Can I get an invoice?"], "In your orders.\n1. 怎么退款\n"),
        (["--form", "spoken", "开发票"], "请到订单页面\n"),
        (["--form", "plain", "开发票"], "在订单里\n"),
        (["--channel", "shop", "--bot", "desk", "怎么退款"], "七天内\n"),
        (["转人工"], "(hands over: asked_for_person)\n"),
        (["xyz"], "(does not understand)\n"),
        (["xyz", "qqq", "怎么退款"], "> xyz\n(does not understand)\n> qqq\n(hands over: not_understood)\n"),
        (["怎么开发票", "1"], "> 怎么开发票\n在订单里\n1. 怎么退款\n> 1\n七天内\n"),
        (["谢谢", "谢谢"], "> 谢谢\n不客气\n> 谢谢\n(says nothing)\n"),
    ],
)
def test_what_is_said(run: Run, arguments: list[str], said: str) -> None:
    result = run("ask", *arguments)
    assert (result.exit_code, result.stdout) == (0, said)


def test_a_chat_remembers_until_its_input_ends(run: Run) -> None:
    result = run("ask", "--chat", said="怎么开发票\n\n第一个\n")
    assert (result.exit_code, result.stdout) == (0, "欢迎\n在订单里\n1. 怎么退款\n七天内\n")
    assert run("ask", "--chat", said="转人工\n怎么退款\n").stdout == "欢迎\n(hands over: asked_for_person)\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["ask"], "say what to ask, or --chat"),
        (["ask", "--chat", "怎么退款"], "say what to ask, or --chat"),
        (["ask", "--bot", "gone", "怎么退款"], "choose a bot with --bot: desk"),
        (["ask", "--channel", "gone", "怎么退款"], "there is no channel 'gone'; known: shop"),
        (["ask", "怎么退款", "--config", "gone"], "gone/hub.toml: there is no such file"),
        (["test"], "config/tests has no suite"),
        (["test", "--bot", "gone"], "there is no bot 'gone'; known: desk"),
        (["test", "--against", "config/hub.toml"], "config/hub.toml: is no report of `yizhan bot test --json`"),
        (["eval", "config/hub.toml"], "no row names the columns"),
        (["eval", "gone.csv"], "'gone.csv' does not exist"),
        (["import", "config/hub.toml"], "no row names the columns"),
    ],
)
def test_what_is_wrong_is_said_plainly(run: Run, arguments: list[str], reason: str) -> None:
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert reason in result.stderr
    assert "Traceback" not in result.output


def suite(config: Path, text: str, name: str = "shop") -> None:
    (config / "tests").mkdir(exist_ok=True)
    (config / f"tests/{name}.toml").write_text(text, encoding="utf-8")


def test_a_suite_that_passes(run: Run, config: Path) -> None:
    suite(config, SUITE)
    result = run("test")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("shop (desk): passed\n")
    head, zh, en, total = result.stdout.splitlines()[2:6]
    assert head.split("  ")[-1] == "refused"
    assert [line.split()[:4] for line in (zh, en, total)] == [
        ["zh", "2", "100.0", "%"],
        ["en", "2", "100.0", "%"],
        ["all", "4", "100.0", "%"],
    ]
    assert "Scripts: 1 of 1 passed" in result.stdout


def test_a_suite_that_fails_says_what_was_expected_and_what_came(run: Run, config: Path) -> None:
    suite(config, SUITE + WRONG)
    result = run("test")
    assert result.exit_code == 1
    assert "precision: 75.0 % is less than the 90.0 % it must be" in result.stdout
    assert "1 × refund → invoice" in result.stdout
    assert "“开发票” means refund: answered invoice (" in result.stdout
    assert (
        'hopeless, turn 1: “怎么开发票”\n    expected: choice = "refund"\n    came:     said (invoice)' in result.stdout
    )


def test_what_got_worse_fails_and_is_named(run: Run, config: Path) -> None:
    suite(config, SUITE.replace("precision = 0.9", ""))
    assert run("test", "--json", "before.json").exit_code == 0
    assert run("test", "--against", "before.json").stdout.endswith("nothing has changed\n")
    shop = config / "faq/shop.toml"
    shop.write_text(shop.read_text(encoding="utf-8").replace('"开发票", ', ""), encoding="utf-8")
    with shop.open("a", encoding="utf-8") as file:
        file.write('[[entry]]\nid = "receipt"\nquestions = ["开发票"]\nanswer.zh = "收据"\n')
    result = run("test", "--against", "before.json", "--json", "now.json")
    assert result.exit_code == 1
    assert "WORSE  shop: “开发票” means invoice" in result.stdout
    assert "shop: accuracy 100.0 % → 66.7 %" in result.stdout
    shop.write_text(
        shop.read_text(encoding="utf-8").replace('id = "receipt"', 'id = "x"').replace('["开发票"]', '["收据"]'),
        encoding="utf-8",
    )
    better = run("test", "--against", "now.json")
    assert (better.exit_code, "better  shop: “开发票” means invoice" in better.stdout) == (0, True)


def test_which_threshold_reaches_a_precision(run: Run, config: Path) -> None:
    suite(config, SUITE)
    result = run("test", "--precision", "0.95")
    assert "For 95.0 % of what is answered to be right:" in result.stdout
    assert "answer_from = 0.70, as it is" in result.stdout
    assert "answer_from = 0.35, proposed" in result.stdout


def test_suites_of_bots_that_are_not_there(run: Run, config: Path) -> None:
    suite(config, 'bot = "gone"\n' + SUITE)
    assert "there is no bot 'gone'; known: desk" in run("test").stderr
    suite(config, 'bot = "desk"\n' + SUITE)
    (config / "bots/night.toml").write_text((config / "bots/desk.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert run("test", "--bot", "desk").exit_code == 0
    assert "has no suite for night" in run("test", "--bot", "night").stderr


def test_a_table_with_labels(run: Run) -> None:
    rows = "text,label,more\n怎么退款,refund,x\n开发票,invoice,\nxyz,none,\n谢谢,invoice,\n转人工,person,\n"
    Path("labels.csv").write_text(rows, encoding="utf-8")
    result = run("eval", "labels.csv", "--json", "report.json")
    assert result.exit_code == 0, result.output
    assert "1 × invoice → thanks" in result.stdout
    figures = json.loads(Path("report.json").read_bytes())["suites"][0]["figures"]["all"]
    assert (figures["accuracy"], figures["precision"], figures["refused_share"]) == (0.75, 0.6667, 1.0)


def test_labels_that_the_knowledge_does_not_have_are_named(run: Run) -> None:
    Path("labels.csv").write_text("text,label\na,refund\nb,Retoure\nc,Retoure\nd,x\n", encoding="utf-8")
    result = run("eval", "labels.csv")
    assert result.exit_code == 1
    assert "2 labels are called nothing in config: 'Retoure' (row 3), 'x' (row 5)" in result.stderr
    assert "Known: invoice, none, person, refund, thanks" in result.stderr


def test_an_export_is_judged_by_itself(run: Run) -> None:
    topics = {"a": ("退款", "退货", "退钱"), "b": ("发票", "开票", "抬头")}
    ways = ("怎么{}", "我想{}", "{}可以吗", "请问{}的事")
    rows = [f"{way.format(word)},{label}" for label, words in topics.items() for word in words for way in ways]
    Path("labels.csv").write_text("\n".join(("text,label", *rows)), encoding="utf-8")
    result = run("eval", "labels.csv", "--train", "--config", "gone")
    assert result.exit_code == 0, result.output
    assert "  all     24" in result.stdout
    Path("labels.csv").write_text("text,label\na,b\nc,b\n", encoding="utf-8")
    assert "needs at least two labels" in run("eval", "labels.csv", "--train").stderr


def test_a_table_is_taken_in(run: Run, config: Path) -> None:
    Path("导出.csv").write_text("问题,答案\n怎么换货,十五天内\n想换货,十五天内\n", encoding="gb18030")
    before = (config / "faq/shop.toml").read_text(encoding="utf-8")
    shown = run("import", "导出.csv", "--into", "config/faq/shop.toml", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert '+id = "zen-me-huan-huo"\n+questions = ["怎么换货", "想换货"]\n+answer.zh = "十五天内"\n' in shown.stdout
    assert (config / "faq/shop.toml").read_text(encoding="utf-8") == before
    done = run("import", "导出.csv", "--into", "config/faq/shop.toml")
    assert done.stdout == "config/faq/shop.toml: 1 × [[entry]] with 2 questions added; config: no problems\n"
    assert (config / "faq/shop.toml").read_text(encoding="utf-8").startswith(before)
    assert run("ask", "想换货").stdout == "十五天内\n"
    again = run("import", "导出.csv")
    assert again.exit_code == 1
    assert "row 2: '怎么换货' is already asked: zen-me-huan-huo, faq/shop.toml line 24" in again.stderr
    assert again.stderr.endswith("Nothing was written.\n")


def test_a_folder_that_is_wrong_already_is_mended_first(run: Run, config: Path) -> None:
    Path("faq.csv").write_text("问题,答案\n怎么换货,十五天内\n", encoding="utf-8")
    (config / "faq/broken.toml").write_text("[[entry]]\nid = 'x'\n", encoding="utf-8")
    assert "config/faq/broken.toml: entry.0.questions" in run("import", "faq.csv").stderr


def test_the_sample_gets_right_what_it_must(run: Run) -> None:
    result = run("test", "--config", str(SAMPLE), "--json", "report.json")
    assert result.exit_code == 0, result.output
    [tried] = json.loads(Path("report.json").read_bytes())["suites"]
    figures = tried["figures"]["all"]
    assert (figures["meaning"] >= 80, figures["outside"] >= 25, len(tried["scripts"]) >= 4) == (True, True, True)
    assert {case["language"] for case in tried["cases"]} == {"zh", "en"}
