"""What the sample's questions and answers must do, beside rules; and the words that all of it is made of."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.knowledge import Case, FaqFile, Knowledge, Language, Suite, Texts, language_of, normalise
from hub.settings import BotFile
from workers.bots.bot import Bot
from workers.bots.contract import Candidate, HandOver, Say, Turn
from workers.bots.keywords import Keywords, KeywordSettings, Rule
from workers.bots.knowledge import FromKnowledge, KnowledgeSettings
from workers.bots.manners import Manners
from workers.bots.reports import CaseResult
from workers.bots.trying import try_suite

CONFIG = Path(__file__).parents[2] / "config"
AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
RULES = [
    Rule(when=["客服电话", "电话多少", "phone number"], say="400"),
    Rule(when=["批发", "wholesale"], say="留下电话"),
]

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
    "complaint": "投诉 | 怎么投诉呀 | 投诉客服 | 你们的联系方式是什么 | I want to complain",
    "hello": "你好 | 您好！ | 在吗 | ｈｅｌｌｏ | hi | HELLO!! | Good morning",
    "thanks": "谢谢 | 谢谢啦 | thank you! | thanks",
    "okay": "好的 | 嗯 | ok | OK.",
    "rule:客服电话": "客服电话多少 | 客服电话是多少？ | 我要客服电话",
    "rule:批发": "你们有批发吗",
    "rule:phone number": "what is your phone number",
    "person": """人工 | 转人工 | 转 人 工 | 人工客服 | 客服 | 客服在吗 | 你好，转人工 | 我要人工 | 我要找客服
        | 请转接人工客服 | 有人吗 | 没有人工客服吗 | 怎么转人工啊 | 我不要机器人，我要人工 | 叫个真人来
        | 让人工来 | 接真人客服 | 客服有人吗 | 转人工！！！ | 👩转人工
        | 我要投诉你们
        | agent | AGENT | ＡＧＥＮＴ | agent please | human
        | talk to an agent | I want to talk to a human | can i speak with a real person please
        | connect me to a representative now""",
    "none": """？？ | 😀 | 👍🏽 | 1 | 今天天气怎么样 | 讲个笑话 | 我不想退款 | 不退款 | 怎么取消退款
        | 怎么取消订单 | 怎么修改密码 | 运费多少 | 人工智能是什么 | 转人工智能 | 有人工费吗
        | 不要转人工 | 别转人工 | 不用人工
        | 怎么 | asdfgh | user agent | what is a user agent | change my user agent
        | I want human hair | I don't want to talk to an agent | cancel my order | how do I order
        | change my password | tell me a joke""",
}

UNLIKE = "workers/bots/matching: too sure of what has one word in common"
NOT_YET = {
    **dict.fromkeys(("how do I order", "有人工费吗"), UNLIKE),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    """The entries of the sample, without what stands beside them."""
    faq = FaqFile.model_validate(tomllib.loads((CONFIG / "faq/shop.toml").read_text(encoding="utf-8")))
    knowledge = Knowledge(tuple(faq.entry))
    file = BotFile(engines=[{}])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("YIZHAN_DATA", str(tmp_path_factory.mktemp("data")))
        engines = (
            ("keywords", Keywords(KeywordSettings(rules=tuple(RULES)), knowledge)),
            ("knowledge", FromKnowledge(KnowledgeSettings(), knowledge)),
        )
    return Bot(file, engines, knowledge, Manners(file.hand_over))


@pytest.fixture(scope="module")
def results(shop: Bot) -> dict[str, CaseResult]:
    """What comes of all the questions of the table."""
    cases = [Case(ask=[each.strip() for each in asked.split("|")], means=means) for means, asked in QUESTIONS.items()]
    return {case.text: case for case in try_suite(shop, Suite(case=cases), AT).cases}


@pytest.mark.parametrize(
    ("question", "means"),
    [(each.strip(), means) for means, asked in QUESTIONS.items() if means != "none" for each in asked.split("|")],
)
def test_what_must_be_understood_is_answered_or_offered(
    results: dict[str, CaseResult], question: str, means: str
) -> None:
    assert results[question].passed, results[question].came


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(each, marks=pytest.mark.xfail(reason=NOT_YET[each]) if each in NOT_YET else ())
        for each in map(str.strip, QUESTIONS["none"].split("|"))
    ],
)
def test_what_the_shop_has_no_answer_to_gets_none(results: dict[str, CaseResult], question: str) -> None:
    assert results[question].outcome in ("missed", "asked"), results[question].came


def test_who_only_mentions_people_may_be_answered_but_is_not_handed_over(shop: Bot) -> None:
    assert shop.think(Turn(text="没有人工作吗", at=AT), {}).outcome != "handed_over"


def test_most_of_it_is_answered_outright(results: dict[str, CaseResult]) -> None:
    meant = [case for case in results.values() if case.means not in ("none", "person")]
    assert sum(case.outcome == "said" for case in meant) / len(meant) > 0.9


def test_every_question_of_the_sample_is_answered_by_its_own_entry(shop: Bot) -> None:
    cases = [Case(ask=entry.questions, means=entry.id) for entry in shop.knowledge.entries]
    others = [case for case in try_suite(shop, Suite(case=cases), AT).cases if case.got != case.means]
    assert [(case.text, case.reason) for case in others] == []


@pytest.mark.parametrize("question", ["", " ", "\n\t", "\u200b", "\ufe0f", "\x00", "…", "ㅤ", "\ud83d"])
def test_nothing_said_is_not_understood(shop: Bot, question: str) -> None:
    assert shop.think(Turn(text=question, at=AT), {}).outcome == "missed"


def test_the_answer_is_in_the_language_of_the_question(shop: Bot) -> None:
    refund = shop.knowledge.entry["refund"].answer
    asked = [Turn(text=text, language="zh-CN", at=AT) for text in ("怎么退款", "how do I get a refund")]
    assert [shop.think(turn, {}).text for turn in asked] == [refund.zh, refund.en]


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
def test_a_very_long_text_takes_no_time(shop: Bot, text: str) -> None:
    begun = time.process_time()
    shop.think(Turn(text=text, at=AT), {})
    assert time.process_time() - begun < 0.2


def test_a_request_in_a_long_complaint_is_heard(shop: Bot) -> None:
    told = "我等了一个星期了。" * 100 + "马上转人工！"
    assert shop.think(Turn(text=told, at=AT), {}).reason == "asked_for_person"


def keywords(*rules: tuple[list[str], str]) -> Keywords:
    written = tuple(Rule(when=when, say=say) for when, say in rules)
    return Keywords(KeywordSettings(rules=written), Knowledge())


def test_the_first_rule_that_fits_answers() -> None:
    engine = keywords((["物流", "快递"], "a"), (["快递费", "Hi"], "b"), (["size chart"], "c"))

    def says(text: str) -> str | None:
        answer = engine.answer(Turn(text=text))
        return answer.text if isinstance(answer, Say) else None

    assert [says(text) for text in ("快递费多少", "ＨＩ!", "HI there", "shipping", "a SIZE-chart?", "sizes")] == [
        "a", "b", "b", None, "c", None
    ]  # fmt: skip


def test_a_rule_brings_its_evidence() -> None:
    assert keywords((["快递"], "a")).answer(Turn(text="查快递")) == Say(
        text="a", candidates=(Candidate("rule:快递", "快递", 1.0),), choice="rule:快递"
    )


def test_a_rule_may_hand_over() -> None:
    rule = Rule(when=["投诉"], say="马上为您转接", hand_over=True)
    assert Keywords(KeywordSettings(rules=(rule,)), Knowledge()).answer(Turn(text="投诉！")) == HandOver(
        reason="rule", text="马上为您转接", candidates=(Candidate("rule:投诉", "投诉", 1.0),)
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rules": []},
        {"rules": [{"when": [], "say": "a"}]},
        {"rules": [{"when": ["？"], "say": "a"}]},
        {"rules": [{"when": ["a"], "say": ""}]},
        {"rules": [{"when": ["a"]}]},
        {"rules": [{"when": ["a"], "say": "b", "else": "c"}]},
    ],
)
def test_rules_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KeywordSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("怎么退款", "en", "zh"),
        ("refund", "zh-CN", "en"),
        ("t恤怎么退", "en", "zh"),
        ("123", "en-GB", "en"),
        ("123", "zh-CN", "zh"),
        ("123", "", "zh"),
        ("XC20260002", "zh-CN", "zh"),
        ("order XC20260002", "zh-CN", "en"),
    ],
)
def test_language(text: str, hint: str, language: Language) -> None:
    assert language_of(text, hint) == language


def test_a_missing_english_answer_is_said_in_chinese() -> None:
    assert Texts(zh="七天内").in_("en") == "七天内"


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
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal
