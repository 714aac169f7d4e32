"""What counts as an answer, for each kind of thing that is asked for, in both languages."""

from __future__ import annotations

import time
from datetime import date

import pytest

from hub.knowledge import Collect, Option, Texts
from workers.bots.flows.slots import LONGEST, answer_in

TODAY = date(2026, 3, 4)  # a Wednesday
ASK = Texts(zh="问")


def collect(kind: str, **also: object) -> Collect:
    return Collect.model_validate({"slot": "x", "kind": kind, "ask": ASK, **also})


def option(value: str, zh: str, en: str, *words: str) -> Option:
    return Option(value=value, label=Texts(zh=zh, en=en), words=list(words))


def read(collect: Collect, text: str, spoken: bool = False) -> str | None:
    return answer_in(text, collect, TODAY, spoken=spoken)


def rows(table: str) -> list[tuple[str, str]]:
    """value: one way to say it | another"""
    lines = (line.strip().split(": ", 1) for line in table.strip().splitlines())
    return [(said.strip(), value) for value, ways in lines for said in ways.split(" | ")]


NUMBERS = rows("""
    0: 0 | 零 | zero
    1: 1 | 一 | one | 一个 | 1个。
    2: 2 | 两 | 两个 | 俩 | 二 | two | I want two | 要两件 | 两双吧，谢谢
    3: 3 | ３ | 3件 | 我要3件 | 我想要 3 件 | 一共三双 | 3件？ | three please | maybe 3 | 三
    5: about 5 pieces please | 5块 | 5元 | ￥5 | $5 | five dollars | 五个人
    10: 10 | 十 | 十个 | 大概十个吧 | ten | 10片
    12: 12 | １２ | 十二 | 一十二 | twelve | a dozen | 12 元 | 十二块钱
    12.5: 12.5 | 12.50 | 12块5 | 十二块五 | 十二点五 | ￥12.5
    21: 21 | 二十一 | twenty-one | twenty one
    25: 廿五 | 二十五个
    100: 100 | 一百 | 一百块 | a hundred | one hundred | 100 yuan | 壹佰
    105: 一百零五 | one hundred and five | a hundred and five
    205: 两百零五 | two hundred and five
    250: 250 | 两百五 | 二百五十 | 二百五 | 250元 | two hundred fifty
    356.8: 三百五十六块八 | 356块8 | 356.8 | 356.80元
    1000: 1000 | 1,000 | 一千 | one thousand | a thousand | 1千
    1200.5: 1,200.50 | 1200.5
    1500: 一千五 | 一千五百 | one thousand five hundred
    2026: 2026 | 二零二六 | 两千零二十六
    2345: 两千三百四十五
    12000: 12000 | 一万二 | 1.2万 | 一万两千 | 1万2
    15000: 1.5万 | 1万5千 | 一万五
    30500: 3万零500 | 三万零五百 | 3万500
    1200000: 一百二十万 | 120万
    300000000: 3亿 | 三亿
    -5: -5
""")


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_numbers(text: str, value: str) -> None:
    assert read(collect("number"), text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "不知道", "很多", "一样", "一下", "一般", "十分", "万一", "一起买", "百", "十十", "一一百", "统一"),
        *("两三个", "七八个", "3-5", "3 or 4", "3到5个", "two three", "one two", "that one", "no one", "anyone"),
        *("我的订单12345怎么还没到", "iPhone 15 怎么保养", "12号", "3月", "3楼", "5点", "12345678901234567890"),
        *("三点", "点五", "1.2.3", "1,23", "not two but three, I think", "hundred years of solitude", "a" * 5000),
    ],
)
def test_no_numbers(text: str) -> None:
    assert read(collect("number"), text) is None


DATES = rows("""
    2026-03-04: 今天 | today | 今晚 | 3月4号 | 周三 | wednesday | 这周三
    2026-03-05: 明天 | tomorrow | Tomorrow morning | 2026-03-05 | 2026/3/5 | 2026.3.5 | 20260305 | 2026年3月5日
    2026-03-05: ２０２６年３月５日 | 26年3月5日 | 二〇二六年三月五日 | 3月5号 | 3月5日 | 3 月 5 日 | 三月五号
    2026-03-05: 3/5 | 03/05
    2026-03-05: March 5 | March 5th | 5 March | 5th of March | Mar. 5 | march 5th, 2026 | 5 Mar 2026 | 3/5/2026
    2026-03-05: 明天下午三点 | 我想约在3月5号，可以吗 | 今年3月5日 | 周四 | thursday | 2026-03-05T10:00:00
    2026-03-06: 后天 | 这周五 | 本周五 | friday | this Friday | the day after tomorrow | 两天后 | in 2 days | 礼拜五
    2026-03-07: 大后天 | 3天后 | in 3 days | 周六 | 星期六
    2026-03-08: 周日 | 星期天 | 星期日 | 礼拜天 | 这周日 | sunday
    2026-03-09: 下周一 | 下星期一 | 下个星期一 | next monday
    2026-03-10: 10号 | 十号 | 10日 | 本月10号 | 这个月10号 | the 10th | 10th
    2026-03-11: 下周三 | 下礼拜三 | next wednesday
    2026-03-13: next friday | 下周五
    2026-03-16: 下下周一
    2026-03-25: 三月二十五 | 3月25 | 三月二十五号
    2026-04-03: 下个月3号 | 下月三号
    2026-05-13: 13/5
    2026-03-03: 昨天 | yesterday | 一天前 | 3月3号买的
    2026-03-02: 前天 | the day before yesterday | 2 days ago | 两天前
    2026-03-01: 大前天 | 3月1号 | 我是3月1号买的 | 3天以前
    2026-02-27: 上周五 | last friday
    2026-02-28: 上个月28号 | 28号 | 2月28
    2025-12-31: 12月31日 | Dec 31 | 去年12月31号
    2027-01-01: 明年1月1日 | January 1, 2027
    2024-02-29: 2024-02-29 | 2024年2月29日
""")


@pytest.mark.parametrize(("text", "value"), DATES)
def test_dates(text: str, value: str) -> None:
    assert read(collect("date"), text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "不知道", "2月30号", "2026-13-01", "2026-02-29", "99号", "3月", "五月份", "周末", "下周", "32号"),
        *("3月5号到3月8号", "今天或者明天", "monday or tuesday", "10号楼", "3号门店", "地铁2号线", "10日元"),
        *("3.5", "3-5", "1/2/3", "订单12345", "AB20260305", "7天无理由退货", "hello", "may I ask", "maybe", "monkey"),
        *("the 3rd floor", "2 items", "http://x.test/3/5", "一样", "marching"),
    ],
)
def test_no_dates(text: str) -> None:
    assert read(collect("date"), text) is None


@pytest.mark.parametrize(
    ("toward", "text", "value"),
    [
        ("past", "12月31日", "2025-12-31"),
        ("future", "12月31日", "2026-12-31"),
        ("past", "3月5号", "2025-03-05"),
        ("future", "3月3号", "2027-03-03"),
        ("past", "10号", "2026-02-10"),
        ("future", "3号", "2026-04-03"),
        ("past", "周五", "2026-02-27"),
        ("past", "friday", "2026-02-27"),
        ("future", "周五", "2026-03-06"),
        ("past", "3月4号", "2026-03-04"),
        ("past", "明天", "2026-03-05"),  # who says so means it
    ],
)
def test_a_day_without_its_year_lies_where_the_flow_says(toward: str, text: str, value: str) -> None:
    assert read(collect("date", toward=toward), text) == value


PHONES = rows("""
    +8613800138000: 13800138000 | 138 0013 8000 | 138-0013-8000 | +86 13800138000 | +86-138-0013-8000
    +8613800138000: 0086 138 0013 8000 | 008613800138000 | 8613800138000 | １３８００１３８０００ | (+86)13800138000
    +8613800138000: 电话13800138000谢谢 | 我的手机号是：138 0013 8000。 | my number is 13800138000, thanks
    +8613800138000: 幺三八零零幺三八零零零 | 一三八 零零一三 八零零零 | 138零零138000
    +8619912345678: 19912345678 | 199 1234 5678
    +861062345678: 010-62345678 | 010 6234 5678 | (010)62345678 | 01062345678 | +86 10 6234 5678
    +862162345678: 021-62345678
    +8675586123456: 0755-86123456
    +14155552671: +1 415 555 2671 | +1 (415) 555-2671 | 0014155552671 | call me at +1-415-555-2671
    +442079460958: +44 20 7946 0958
    +85291234567: +852 9123 4567 | 00852 91234567
    +864008208820: 400-820-8820
""")


@pytest.mark.parametrize(("text", "value"), PHONES)
@pytest.mark.parametrize("spoken", [False, True])
def test_phones(text: str, value: str, spoken: bool) -> None:
    assert read(collect("phone"), text, spoken) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "不知道", "12345", "1380013800", "138001380001", "12345678901", "订单AB13800138000", "2013800138000123"),
        *("13800138000 或者 13900139000", "没有电话", "same as before", "3月5号", "62345678", "+99 1234", "1e10"),
    ],
)
def test_no_phones(text: str) -> None:
    assert read(collect("phone"), text) is None


ORDER = collect("pattern", pattern="[A-Z]{2}[0-9]{8}")
DIGITS = collect("pattern", pattern="[0-9]{8}")
ORDERS = rows("""
    AB12345678: AB12345678 | ab12345678 | ＡＢ１２３４５６７８ | AB 12345678 | AB 1234 5678 | AB-1234-5678
    AB12345678: 我的订单号是AB12345678，谢谢 | 订单 AB12345678怎么还没到？ | my order is AB12345678.
    AB12345678: AB12345678 AB12345678
    AB12345678: my order is AB 1234 5678 thanks | A B 1 2 3 4 5 6 7 8 | it is a b 1 2 3 4 5 6 7 8
    AB12345678: order AB 12345678
    AB12345678: 订单号：ab 1234 5678 谢谢
""")


@pytest.mark.parametrize(("text", "value"), ORDERS)
def test_patterns(text: str, value: str) -> None:
    assert read(ORDER, text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "不知道", "AB1234567", "AB123456789", "XAB12345678", "12345678", "my order is 12345678", "A12345678"),
        *("AB12345678 和 AB12345679", "AB1234 及 5678", "order number"),
    ],
)
def test_no_patterns(text: str) -> None:
    assert read(ORDER, text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("12345678", "12345678"), ("订单12345678到哪了", "12345678"), ("1234 5678", "12345678")],
        *[("1234567812345678", None), ("AB12345678", None), ("１２３４５６７８", "12345678")],
    ],
)
def test_patterns_of_digits(text: str, value: str | None) -> None:
    assert read(DIGITS, text) == value


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        (ORDER, "A B 一二三四五六七八", "AB12345678"),
        (ORDER, "A B 幺二三 四五六 拐八", "AB12345678"),
        (ORDER, "it's A B one two three four five six seven eight", "AB12345678"),
        (ORDER, "AB 1 2 3 4 5 6 7 8", "AB12345678"),
        (DIGITS, "幺二三四，五六七八", "12345678"),
        (DIGITS, "double one 2 3 four 5 triple", None),
        (DIGITS, "double one 2 3 four 5 six oh", "11234560"),
        (collect("phone"), "1 3 8 0 0 1 3 8 0 0 0", "+8613800138000"),
        (collect("phone"), "幺三八，零零幺三，八零零零", "+8613800138000"),
        (collect("phone"), "one three eight double oh one three eight triple oh", "+8613800138000"),
        (collect("number"), "幺洞洞", "100"),
        (collect("number"), "1 2", "12"),
        (collect("number"), "一百二十。", "120"),
        (collect("number"), "嗯，两个吧。", "2"),
        (collect("date"), "三月五号。", "2026-03-05"),
    ],
)
def test_what_is_heard(asked: Collect, text: str, value: str | None) -> None:
    assert read(asked, text, spoken=True) == value


REASON = collect(
    "choice",
    options=[
        option("quality", "质量问题", "It is faulty", "坏了", "broken", "faulty"),
        option("size", "尺码不合适", "It does not fit", "太大", "太小", "too big"),
        option("changed", "不想要了", "I changed my mind", "不喜欢"),
    ],
)
CHOICES = rows("""
    quality: 1 | 一 | 第一个 | １ | the first one | 选1 | 质量问题 | It is faulty | it's faulty | no, it's broken
    quality: 坏了 | 收到就坏了 | 有质量问题 | arrived broken | 是质量问题吧
    size: 2 | 二 | 第二个 | 两 | the second | 2号 | 尺码不合适 | 太大 | 太大了 | it's too big for me | 选第二个
    changed: 3 | 第三 | third | 不想要了 | 我不想要了 | I changed my mind | 我不喜欢
""")


@pytest.mark.parametrize(("text", "value"), CHOICES)
def test_choices(text: str, value: str) -> None:
    assert read(REASON, text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "4",
        "第四个",
        "不知道",
        "别的",
        "太大，而且坏了",
        "不是质量问题",
        "not broken",
        "2.5",
        "unbrokenly",
    ],
)
def test_no_choices(text: str) -> None:
    assert read(REASON, text) is None


def test_more_than_six_choices_have_numbers_as_well() -> None:
    many = collect(
        "choice", options=[option(f"v{each}", f"选项{chr(0x4E00 + each)}号", f"Option {each}") for each in range(9)]
    )
    assert [read(many, text) for text in ("7", "第七个", "9", "八", "10")] == ["v6", "v6", "v8", "v7", None]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[
            ("  上海市南京路1号 \n", "上海市南京路1号"),
            ("{order}", "{order}"),
            ("a\x00b\ud800", "ab"),
            ("两\n行", "两\n行"),
        ],
        *[("", None), (" \n\t", None), ("\x00", None), ("字" * LONGEST, "字" * LONGEST), ("字" * (LONGEST + 1), None)],
    ],
)
def test_texts(text: str, value: str | None) -> None:
    assert read(collect("text"), text) == value


@pytest.mark.parametrize(
    ("asked", "text", "value"),
    [
        (ORDER, "AB12345678\n快点", "AB12345678"),
        (ORDER, "AB12345678\n打错了，是AB12345679", "AB12345679"),
        (collect("number"), "3\n件", "3"),
        (collect("number"), "3\n4", "4"),
        (collect("number"), "您好\n3件", "3"),
        (REASON, "您好\n2", "size"),
        (collect("date"), "明天\n不对，后天", "2026-03-06"),
    ],
)
def test_of_several_messages_the_last_one_that_tells_it_counts(asked: Collect, text: str, value: str) -> None:
    assert read(asked, text) == value


def test_no_value_holds_what_no_database_takes() -> None:
    assert read(collect("pattern", pattern=".+"), "a\x00\ud800b") == "AB"


@pytest.mark.parametrize("kind", ["number", "date", "phone", "pattern", "choice", "text"])
@pytest.mark.parametrize(
    "text",
    [
        "1" * 20_000,
        "一" * 20_000,
        "就是" * 20_000,
        "a b " * 10_000,
        "1 " * 20_000,
        "3/" * 20_000,
        "+" * 20_000,
        "啊\n" * 9_000,
    ],
)
def test_no_text_takes_long(kind: str, text: str) -> None:
    asked = {"pattern": ORDER, "choice": REASON}.get(kind) or collect(kind)
    started = time.perf_counter()
    for spoken in (False, True):
        assert read(asked, text, spoken) is None
    assert time.perf_counter() - started < 2
