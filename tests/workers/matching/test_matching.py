"""What the matcher makes of small sets of our own: accuracy, certainty, odd input, files, speed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import tomllib
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.bots.matching import Matcher, fingerprint, train, trained
from workers.bots.matching.storage import load, save

HERE = Path(__file__).parent
QUESTIONS: dict[str, list[str]] = tomllib.loads((HERE / "questions.toml").read_text(encoding="utf-8"))
LEARNED = [(text, label) for label, texts in QUESTIONS.items() for text in texts[:4]]
ASKED = [(text, label) for label, texts in QUESTIONS.items() for text in texts[4:]]
STRANGE = [
    *("今天天气怎么样", "讲个笑话", "你喜欢吃什么水果", "北京有哪些大学", "谁是世界上最高的人"),
    *("明天会下雨吗", "红烧肉的做法"),
    *(
        "给我唱首歌",
        "英语四级考试时间",
        "你几岁了",
        "what is the capital of france",
        "tell me a joke",
        "play some jazz",
    ),
]
SHOP = [
    ("怎么退款", "refund"),
    ("我要把东西退掉", "refund"),
    ("How do I get a refund?", "refund"),
    ("什么时候发货", "dispatch"),
    ("多久能寄出", "dispatch"),
    ("When will my order ship?", "dispatch"),
    ("发票怎么开", "invoice"),
    ("需要报销凭证", "invoice"),
    ("Can I have an invoice?", "invoice"),
]


@pytest.fixture(scope="module")
def bank() -> Matcher:
    return train(LEARNED)


@pytest.fixture(scope="module")
def shop() -> Matcher:
    return train(SHOP)


def best(matcher: Matcher, text: str) -> str:
    return matcher.predict(text)[0][0]


def sure(matcher: Matcher, text: str) -> float:
    return matcher.predict(text)[0][1]


def test_questions_never_seen_are_understood(bank: Matcher) -> None:
    assert np.mean([best(bank, text) == label for text, label in ASKED]) >= 0.72


def test_certainty_is_that_of_being_right(bank: Matcher) -> None:
    answers = [(sure(bank, text), best(bank, text) == label) for text, label in ASKED]
    assert abs(np.mean([confidence - right for confidence, right in answers])) < 0.12
    high = [right for confidence, right in answers if confidence >= 0.8]
    low = [right for confidence, right in answers if confidence < 0.4]
    assert np.mean(high) > 0.85
    assert np.mean(low) < 0.6


def test_what_nothing_is_about_is_refused(bank: Matcher) -> None:
    assert np.mean([sure(bank, text) < 0.5 for text in STRANGE]) >= 0.8


def test_one_example_a_label_is_enough() -> None:
    things = ["密码", "手机号", "地址", "发票", "优惠券", "订单", "会员", "积分", "运费", "尺码"]
    things += ["余额", "额度", "利息", "账单", "保险", "签名", "头像", "生日", "昵称", "邮箱"]
    doings = ["怎么修改{}", "为什么{}不显示", "{}在哪里查", "{}有什么用", "{}填错了怎么办", "删除{}"]
    asked = {
        "怎么修改": "请问如何修改{}呀",
        "为什么": "{}不显示是为啥",
        "在哪": "在哪儿可以查{}",
        "有什": "{}用处是什么",
    }
    matcher = train([(doing.format(thing), doing.format(thing)) for thing, doing in product(things, doings)])
    told = [
        best(matcher, asking.format(thing)) == doing.format(thing)
        for thing in things
        for doing in doings
        for key, asking in asked.items()
        if key in doing
    ]
    assert len(told) == 80
    assert np.mean(told) >= 0.95


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("怎麼退款", "refund"),  # traditional
        ("ＨＯＷ ＤＯ Ｉ ＧＥＴ Ａ ＲＥＦＵＮＤ", "refund"),
        ("怎么退款😀😀", "refund"),
        ("  怎 么 退 款 ？？", "refund"),
        ("什么时候发或", "dispatch"),  # typed by sound
        ("发飘怎么开", "invoice"),
        ("how can i get my money back", "refund"),
        ("when will it be shiped", "dispatch"),
        ("咋退钱", "refund"),
        ("i need an invoise", "invoice"),
        ("给我开个发票 invoice", "invoice"),
    ],
)
def test_other_ways_to_write_the_same(shop: Matcher, text: str, label: str) -> None:
    assert best(shop, text) == label


@pytest.mark.parametrize("text", ["怎么退款", "怎麼退款？", "WHEN will my order ship", "Can I have an invoice???"])
def test_an_example_is_recognised_whatever_else_is_there(shop: Matcher, text: str) -> None:
    (_, first), *others = shop.predict(text)
    assert first > 0.98
    assert sum(confidence for _, confidence in others) <= 0.011


def test_nothing_like_an_example_is_as_sure_as_an_example(shop: Matcher) -> None:
    assert sure(shop, "请问怎么退款呀") < sure(shop, "怎么退款")


def test_numbers_tell_apart_what_is_else_the_same() -> None:
    matcher = train([("套餐1怎么办理", "one"), ("套餐2怎么办理", "two"), ("套餐15怎么办理", "fifteen")])
    assert best(matcher, "我想办理套餐2") == "two"
    assert best(matcher, "办理一下套餐15") == "fifteen"


def test_examples_that_contradict_share_the_certainty() -> None:
    matcher = train([("退款", "a"), ("退款", "a"), ("退款!", "b"), ("发货", "c")])
    assert matcher.predict("退款") == [("a", pytest.approx(0.66)), ("b", pytest.approx(0.33))]


@pytest.mark.parametrize(
    "examples",
    [
        [("退款", "x")],
        [("", "x")],
        [("", "x"), ("", "y")],
        [("😀", "x"), ("退款", "y")],
        [("退款", "x"), ("退款", "y")],
        [("退款", "x"), ("退货", "x"), ("refund", "x")],
        [("a", "x"), ("b", "y")],
        [("退款", "x"), ("", "y"), ("？？", "z")] * 4,
        [("长" * 100_000, "x"), ("long " * 30_000, "y")],
        [("same words", label) for label in "abcdefgh"] * 3,
        [("\ud800", "x"), ("\x00\n", "y")],
    ],
)
@pytest.mark.parametrize(
    "text", ["", "   ", "😀", "？？", "退款", "refund", "长" * 100_000, "\x00", "\ud800", "1", "ก็"]
)
def test_odd_examples_and_odd_questions(examples: list[tuple[str, str]], text: str) -> None:
    check(train(examples).predict(text))


def check(answer: list[tuple[str, float]]) -> None:
    confidences = [confidence for _, confidence in answer]
    assert answer
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    assert sum(confidences) <= 1 + 1e-6
    assert len({label for label, _ in answer}) == len(answer)


@pytest.mark.parametrize("text", ["", "😀", "？？", "zzzz qqqq", "ก็"])
def test_what_shares_nothing_with_any_example_is_no_answer(bank: Matcher, text: str) -> None:
    assert sure(bank, text) <= 0.05


@pytest.mark.parametrize("text", ["怎么", "请问一下", "what is the", "how do I"])
def test_everyday_words_alone_ask_for_nothing(bank: Matcher, text: str) -> None:
    assert sure(bank, text) < 0.5


def test_the_words_that_tell_count_more_than_those_that_any_question_has(shop: Matcher) -> None:
    assert best(shop, "请问一下你们那个发票是怎么样的呢") == "invoice"


def test_an_emoji_may_be_an_example() -> None:
    matcher = train([("👍", "praise"), ("退款", "refund")])
    assert matcher.predict("👍")[0] == ("praise", 0.99)


def test_no_examples_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        train([])


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_any_question_has_an_answer(text: str) -> None:
    check(MATCHER.predict(text))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.sampled_from("abc")), min_size=1, max_size=12), st.text(max_size=12))
def test_any_examples_can_be_learned(examples: list[tuple[str, str]], text: str) -> None:
    matcher = train(examples)
    check(matcher.predict(text))
    for example, _ in examples:
        check(matcher.predict(example))


MATCHER = train(SHOP)


def test_the_same_examples_give_the_same_matcher(bank: Matcher) -> None:
    again = train(LEARNED)
    assert all(again.predict(text) == bank.predict(text) for text, _ in ASKED)


def test_another_process_gives_the_same_matcher(shop: Matcher) -> None:
    asked = "我的东西啥时候寄出来"
    script = (
        "import json, sys; from workers.bots.matching import train; "
        "print(json.dumps(train([tuple(e) for e in json.loads(sys.argv[1])]).predict(sys.argv[2])))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, json.dumps(SHOP), asked], capture_output=True, text=True, check=True
    )
    assert [(label, pytest.approx(confidence)) for label, confidence in json.loads(run.stdout)] == shop.predict(asked)
    assert run.stderr == ""


def test_synonyms_of_the_caller_count_beside_the_known() -> None:
    examples = [("亲友券能用几次", "times"), ("会员日是哪天", "day")]
    assert sure(train(examples), "家庭卡片") <= 0.05
    matcher = train(examples, synonyms=[["亲友券", "家庭卡片"]])
    assert best(matcher, "家庭卡片可以使用多少次") == "times"
    assert sure(matcher, "家庭卡片") > 0.1
    assert best(train(SHOP, synonyms=[["x", "y"]]), "咋退钱") == "refund"


def test_the_nearest_examples_say_why(shop: Matcher) -> None:
    near = shop.nearest("请问怎么退款", 3)
    assert len(near) == 3
    assert SHOP[near[0][0]][0] == "怎么退款"
    assert [cosine for _, cosine in near] == sorted((cosine for _, cosine in near), reverse=True)
    assert shop.nearest("怎么退款", 1)[0] == (0, pytest.approx(1, abs=1e-5))
    assert len(shop.nearest("", 100)) == len(SHOP)
    assert shop.nearest("退款", 0) == []


def test_vectors_are_in_the_space_of_the_nearest(shop: Matcher) -> None:
    rows = shop.vectors(["怎么退款", "怎样才能退款", "", "qqq"])
    products = (rows @ rows.T).toarray()
    assert products[0, 0] == pytest.approx(1, abs=1e-5)
    assert products[0, 1] > 0.3
    assert not products[2:].any()
    assert products[1, 0] == pytest.approx(dict(shop.nearest("怎样才能退款", 9))[0], abs=1e-5)


def test_a_saved_matcher_is_the_same(bank: Matcher, tmp_path: Path) -> None:
    save(bank, tmp_path / "bank")
    loaded = load(tmp_path / "bank")
    for text, _ in ASKED:
        assert loaded.predict(text) == bank.predict(text)
        assert loaded.nearest(text, 5) == bank.nearest(text, 5)
    assert (loaded.vectors(["退款"]) != bank.vectors(["退款"])).nnz == 0
    assert [path.name for path in tmp_path.iterdir()] == ["bank"]
    assert {path.suffix for path in (tmp_path / "bank").iterdir()} == {".npy", ".json"}
    save(bank, tmp_path / "bank")  # over the one before
    assert load(tmp_path / "bank").labels == bank.labels


def test_what_is_made_of_the_same_has_the_same_name() -> None:
    assert fingerprint(SHOP) == fingerprint(list(SHOP))
    others = [SHOP[1:], [*SHOP[:-1], (SHOP[-1][0], "other")], [(text + " ", label) for text, label in SHOP]]
    names = {fingerprint(SHOP), fingerprint(SHOP, [["a", "b"]]), *map(fingerprint, others)}
    assert len(names) == 5


def test_a_matcher_is_trained_once(tmp_path: Path) -> None:
    first = trained(SHOP, tmp_path)
    file = next(tmp_path.glob("*/matcher.json"))
    written = file.stat().st_mtime_ns
    assert trained(SHOP, tmp_path).predict("退款") == first.predict("退款")
    assert file.stat().st_mtime_ns == written


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    trained(SHOP, tmp_path)
    next(tmp_path.glob("*/keys.npy")).write_bytes(b"")
    assert best(trained(SHOP, tmp_path), "怎么退款") == "refund"
    next(tmp_path.glob("*/matcher.json")).write_text("{")
    assert best(trained(SHOP, tmp_path), "怎么退款") == "refund"


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".making-by-one-that-died").mkdir()
    for number in range(6):
        last = [*SHOP, (f"问题{number}", "other")]
        trained(last, tmp_path)
    folders = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(folders) == 3
    assert tmp_path / fingerprint(last) in folders


def test_processes_that_train_at_once_get_one_matcher(tmp_path: Path) -> None:
    script = (
        "import json, sys; from workers.bots.matching import trained; "
        "print(trained([tuple(e) for e in json.loads(sys.argv[1])], sys.argv[2]).predict('咋退钱')[0][0])"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, json.dumps(SHOP), str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == [b"refund"] * 4
    assert len(list(tmp_path.glob("*/matcher.json"))) == 1
    assert not list(tmp_path.glob(".making-*"))


def test_an_encoder_can_be_fused(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    directions = {label: chance.normal(size=48) for label in QUESTIONS}

    def encode(label: str) -> np.ndarray:
        return (directions[label] + chance.normal(size=48) * 0.7).astype(np.float32)

    matcher = train(LEARNED, encoded=np.array([encode(label) for _, label in LEARNED]))
    asked = [(text, label, encode(label)) for text, label in ASKED]
    alone = np.mean([best(matcher, text) == label for text, label, _ in asked])
    together = np.mean([matcher.predict(text, encoded=row)[0][0] == label for text, label, row in asked])
    assert together > max(alone, 0.95)
    save(matcher, tmp_path / "fused")
    loaded = load(tmp_path / "fused")
    for text, _, row in asked[:20]:
        assert loaded.predict(text, encoded=row) == matcher.predict(text, encoded=row)
        check(matcher.predict(text, encoded=row))
    with pytest.raises(ValueError, match="encoded rows"):
        train(LEARNED, encoded=np.zeros((3, 4)))


def test_an_encoder_may_find_texts_opposite() -> None:
    examples = [(f"question {number}", "abcd"[number % 4]) for number in range(600)]
    train(examples, encoded=np.random.default_rng(0).normal(size=(600, 2)))


def test_ten_thousand_examples(tmp_path: Path) -> None:
    chance = random.Random(0)
    words = [text[at : at + 2] for texts in QUESTIONS.values() for text in texts for at in range(0, len(text) - 1, 2)]
    examples = [
        (chance.choice(texts) + "".join(chance.choices(words, k=3)), label if chance.random() < 0.9 else "noise")
        for label, texts in QUESTIONS.items()
        for _ in range(10_000 // len(QUESTIONS))
    ]
    began = time.process_time()
    matcher = train(examples)
    assert time.process_time() - began < 60
    save(matcher, tmp_path / "many")
    matcher = load(tmp_path / "many")
    asked = [text for text, _ in ASKED]
    began = time.process_time()
    answers = [best(matcher, text) for text in asked]
    assert (time.process_time() - began) / len(asked) < 0.02
    assert np.mean([answer == label for answer, (_, label) in zip(answers, ASKED, strict=True)]) > 0.9


def test_a_process_without_a_question_reads_no_dictionary() -> None:
    script = (
        "import sys, workers.bots.matching; print([m for m in ('opencc', 'pypinyin', 'sklearn') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
