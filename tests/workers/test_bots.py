"""What the engines make of a question: pure functions, so tables say it all."""

from __future__ import annotations

import random
import time
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.knowledge import Entry, FaqFile, Knowledge, Texts, normalise
from hub.settings import DEMO_ENVIRONMENT, load
from workers.bots.contract import Candidate, HandOver, Say, Turn
from workers.bots.faq import Faq, FaqSettings, language_of
from workers.bots.keywords import Keywords, KeywordSettings, Rule
from workers.bots.registry import make_bots

CONFIG = Path(__file__).parents[2] / "config"


def sample_bot() -> Faq:
    """The bot of the demo, without the files' checks: those are tests/hub/test_settings.py."""
    bot = tomllib.loads((CONFIG / "bots/frontdesk.toml").read_text(encoding="utf-8"))
    faq = FaqFile.model_validate(tomllib.loads((CONFIG / "faq/shop.toml").read_text(encoding="utf-8")))
    return Faq(FaqSettings.model_validate(bot["settings"]), Knowledge(tuple(faq.entry)))


FRONT_DESK = sample_bot()


def outcome(question: str) -> str:
    match FRONT_DESK.answer(Turn(text=question)):
        case Say(choice=choice):
            return choice
        case HandOver(reason=reason):
            return reason
    return "not understood"


QUESTIONS = {
    "refund": """怎么退款 | 如何退款呀 | 我想退款 | 退款 | 能不能退款 | 可以退款吗？ | 怎么退款😀 | 你好，请问怎么退款？
        | 怎　么　退　款 | 我要退货 | 怎么退钱啊 | ，，退款！！ | How do I get a refund? | how can i get a refund
        | HOW DO I GET A REFUND?? | I'd like a refund | refund | ｒｅｆｕｎｄ | I want my money back""",
    "refund-time": "退款多久到账 | 退款要多久才能到账 | 退款什么时候到账呀 | 退款失败 | where is my refund",
    "dispatch": "什么时候发货 | 什么时候发货啊 | 还没发货 | 为什么还不发货 | 几天发货 | When will my order ship?",
    "tracking": """我的快递到哪了 | 快递到哪了 | 查物流 | 物流怎么查 | where's my order | Where is my parcel?
        | track my order""",
    "exchange": "我要换货 | 怎么换货 | 尺码不合适怎么换 | can I exchange it",
    "invoice": "怎么开发票 | 我要开发票 | 发票怎么开 | 开发票 | 怎么开电子发票 | how do I get an invoice?",
    "coupon": "优惠券怎么用 | 优惠券怎么使用 | 优惠券用不了怎么办 | 有优惠券吗 | do you have discounts",
    "address": "修改地址 | 怎么改地址 | 我想改收货地址 | 地址写错了 | can I change my address?",
    "hours": "营业时间 | 你们几点下班呀 | 几点开门 | 客服什么时候上班 | What are your opening hours",
    "membership": "怎么成为会员 | 会员怎么开通 | 积分怎么用 | How do I become a member",
    "size": "尺码怎么选啊 | 尺码表 | 穿什么码 | size chart?",
    "payment": "支付失败 | 支付失败了怎么办 | 付不了钱 | 怎么付款 | my payment failed",
    "complaint": "投诉 | 我要投诉 | 我要投诉你们 | 投诉客服 | 你们的联系方式是什么 | I want to complain",
    "hello": "你好 | 您好！ | 在吗 | ｈｅｌｌｏ | hi | HELLO!! | Good morning",
    "thanks": "谢谢 | 谢谢啦 | thank you! | thanks",
    "okay": "好的 | 嗯 | ok | OK.",
    "rule:客服电话": "客服电话多少 | 客服电话是多少？ | 我要客服电话",
    "rule:批发": "你们有批发吗",
    "rule:phone number": "what is your phone number",
    "asked_for_person": """人工 | 转人工 | 转 人 工 | 人工客服 | 客服 | 客服在吗 | 你好，转人工 | 我要人工 | 我要找客服
        | 请转接人工客服 | 有人吗 | 没有人工客服吗 | 怎么转人工啊 | 我不要机器人，我要人工 | 叫个真人来
        | 让人工来 | 接真人客服 | 客服有人吗 | 转人工！！！ | 👩转人工
        | agent | AGENT | ＡＧＥＮＴ | agent please | human
        | talk to an agent | I want to talk to a human | can i speak with a real person please
        | connect me to a representative now""",
    "not understood": """？？ | 😀 | 👍🏽 | 1 | 今天天气怎么样 | 讲个笑话 | 我不想退款 | 不退款 | 怎么取消退款
        | 怎么取消订单 | 怎么修改密码 | 运费多少 | 人工智能是什么 | 转人工智能 | 有人工费吗 | 没有人工作吗
        | 不要转人工 | 别转人工 | 不用人工
        | 你是真人吗 | 怎么 | asdfgh | user agent | what is a user agent | change my user agent
        | I want human hair | are you human | I don't want to talk to an agent | cancel my order | how do I order
        | change my password | tell me a joke | how are you""",
}


@pytest.mark.parametrize(
    ("question", "expected"),
    [(question.strip(), expected) for expected, asked in QUESTIONS.items() for question in asked.split("|")],
)
def test_what_the_sample_bot_makes_of_a_question(question, expected):
    assert outcome(question) == expected


def test_every_question_of_the_sample_is_answered_by_its_own_entry():
    asked = [(question, entry.id) for entry in FRONT_DESK.knowledge.entries for question in entry.questions]
    assert [(question, outcome(question)) for question, _ in asked] == asked


def test_bots_are_made_from_config(monkeypatch):
    for name, value in DEMO_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    bots = make_bots(load(CONFIG, demo=True))
    assert list(bots) == ["frontdesk"]
    for question in ("怎么退款", "转人工", "讲个笑话"):
        assert bots["frontdesk"].answer(Turn(text=question)) == FRONT_DESK.answer(Turn(text=question))


@pytest.mark.parametrize("question", ["", " ", "\n\t", "\u200b", "\ufe0f", "\x00", "…", "ㅤ", "\ud83d"])
def test_nothing_said_is_not_understood(question):
    assert outcome(question) == "not understood"


def test_the_answer_is_in_the_language_of_the_question():
    refund = next(entry for entry in FRONT_DESK.knowledge.entries if entry.id == "refund").answer
    said = [FRONT_DESK.answer(Turn(text=text, language="zh-CN")) for text in ("怎么退款", "how do I get a refund")]
    assert [answer.text for answer in said] == [refund.zh, refund.en]


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("怎么退款", "en", "zh"),
        ("refund", "zh-CN", "en"),
        ("t恤怎么退", "en", "zh"),
        ("123", "en-GB", "en"),
        ("123", "zh-CN", "zh"),
        ("123", "", "zh"),
    ],
)
def test_language(text, hint, language):
    assert language_of(text, hint) == language


def test_a_missing_english_answer_is_said_in_chinese():
    assert Texts(zh="七天内").in_("en") == "七天内"


REFUND = Entry(id="refund", questions=["怎么退款"], answer=Texts(zh="七天内"))
INVOICE = Entry(id="invoice", questions=["电子发票在哪下载"], answer=Texts(zh="订单里"))


def faq(*entries: Entry, **settings: object) -> Faq:
    return Faq(FaqSettings.model_validate(settings), Knowledge(entries))


def test_an_answer_brings_its_evidence():
    assert faq(REFUND, INVOICE).answer(Turn(text="我想退款")) == Say(
        text="七天内", candidates=(Candidate("refund", "怎么退款", 1.0),), choice="refund"
    )
    assert faq(REFUND, INVOICE).answer(Turn(text="电子发票在哪里下载")) == Say(
        text="订单里", candidates=(Candidate("invoice", "电子发票在哪下载", 0.941),), choice="invoice"
    )


def test_candidates_are_one_for_an_entry_and_best_first():
    download = Entry(id="download", questions=["电子发票怎么下载", "电子发票在哪查看"], answer=Texts(zh="这里"))
    said = faq(INVOICE, download, margin=0.3, threshold=0.9).answer(Turn(text="电子发票在哪下载"))
    assert said is not None and [candidate.id for candidate in said.candidates] == ["invoice"]
    said = faq(INVOICE, download, margin=0.1).answer(Turn(text="电子发票在哪里下载"))
    assert said is not None and [candidate.id for candidate in said.candidates] == ["invoice", "download"]


def test_between_two_entries_the_bot_asks_which():
    other = Entry(id="paper", questions=["纸质发票在哪下载"], answer=Texts(zh="没有"))
    assert faq(INVOICE, other).answer(Turn(text="发票在哪下载")) == Say(
        text="您想问的是哪一个？",
        candidates=(Candidate("invoice", "电子发票在哪下载", 0.857), Candidate("paper", "纸质发票在哪下载", 0.857)),
        choices=("电子发票在哪下载", "纸质发票在哪下载"),
    )


def test_below_the_threshold_the_bot_does_not_guess():
    question = Turn(text="电子发票哪里可以下载")
    assert faq(INVOICE, threshold=0.95).answer(question) is None
    assert faq(INVOICE, threshold=0.5).answer(question) is not None


def test_the_exact_question_wins_over_a_similar_one():
    close = Entry(id="close", questions=["退款"], answer=Texts(zh="近"))
    assert faq(close, REFUND).answer(Turn(text="怎么退款？")) == Say(
        text="七天内", candidates=(Candidate("refund", "怎么退款", 1.0),), choice="refund"
    )


def test_no_knowledge_is_no_answer():
    assert faq().answer(Turn(text="怎么退款")) is None


def keywords(*rules: tuple[list[str], str], **settings: object) -> Keywords:
    written = [Rule(when=when, say=say) for when, say in rules]
    return Keywords(KeywordSettings.model_validate({"rules": written, **settings}), Knowledge())


def test_the_first_rule_that_fits_answers():
    bot = keywords((["物流", "快递"], "a"), (["快递费", "Hi"], "b"), (["size chart"], "c"))

    def says(text: str) -> str | None:
        answer = bot.answer(Turn(text=text))
        return answer.text if answer else None

    assert [says(text) for text in ("快递费多少", "ＨＩ!", "HI there", "shipping", "a SIZE-chart?", "sizes")] == [
        "a", "b", "b", None, "c", None
    ]  # fmt: skip


def test_a_rule_brings_its_evidence():
    assert keywords((["快递"], "a")).answer(Turn(text="查快递")) == Say(
        text="a", candidates=(Candidate("rule:快递", "快递", 1.0),), choice="rule:快递"
    )


def test_asking_for_a_person_goes_before_rules_and_brings_its_evidence():
    assert keywords((["人工"], "a")).answer(Turn(text="请帮我转人工")) == HandOver(
        reason="asked_for_person", candidates=(Candidate("person", "转人工", 1.0),)
    )


def test_words_for_a_person_are_configurable():
    bot = keywords(person_words=["小二", "clerk"])
    assert [bot.answer(Turn(text=text)) is not None for text in ("小二", "叫小二", "a clerk please", "转人工")] == [
        True, True, True, False
    ]  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"rules": [{"when": [], "say": "a"}]},
        {"rules": [{"when": ["？"], "say": "a"}]},
        {"rules": [{"when": ["a"], "say": ""}]},
        {"rules": [{"when": ["a"]}]},
        {"rules": [{"when": ["a"], "say": "b", "else": "c"}]},
        {"person_words": []},
        {"threshold": 0},
        {"threshold": 1.1},
        {"margin": -0.1},
        {"treshold": 0.5},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValidationError):
        FaqSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Ｈｅｌｌｏ，World！ ", "hello world"),
        ("转 人 工", "转人工"),
        ("T恤 怎么退？", "t恤怎么退"),
        ("where's my ORDER", "wheres my order"),
        ("a_b", "a b"),
        ("😀", ""),
    ],
)
def test_normalise(text, normal):
    assert normalise(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "退款" * 50_000,
        "a " * 100_000,
        "转" * 100_000,
        "talk to " * 20_000,
        "我要" * 50_000,
        "请问" * 50_000 + "x",
        "😀" * 100_000,
        "please " * 20_000 + "x",
        "want to to to " * 10_000,
        " " * 100_000 + "x",
        "a" * 100_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_very_long_text_is_no_question_and_takes_no_time(text):
    start = time.perf_counter()
    answer = FRONT_DESK.answer(Turn(text=text))
    assert (answer, time.perf_counter() - start < 0.1) == (None, True)


def test_a_request_in_a_long_complaint_is_heard():
    assert isinstance(FRONT_DESK.answer(Turn(text="我等了一个星期了。" * 100 + "马上转人工！")), HandOver)


def test_five_thousand_entries_are_fast_enough():
    dice = random.Random(1)
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 800)]

    def words() -> str:
        return "".join(dice.choices(letters, k=dice.randint(4, 14)))

    entries = [
        Entry(id=f"e{n}", questions=[f"{words()}{n}" for _ in range(3)], answer=Texts(zh="a")) for n in range(5000)
    ]
    bot = faq(*entries)
    asked = [entry.questions[0][1:] for entry in dice.sample(entries, 20)] + [words() for _ in range(20)]
    start = time.process_time()
    for question in asked:
        bot.answer(Turn(text=question))
    assert (time.process_time() - start) / len(asked) < 0.020
