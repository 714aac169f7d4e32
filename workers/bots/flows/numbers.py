"""Numbers as customers write and say them: 12, 1,200.50, 两百五, 3万5, twenty-one, 12块5."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from unicodedata import normalize

DIGITS: Mapping[str, int] = {
    character: value
    for value, characters in enumerate(
        ("零〇洞", "一壹幺", "二两贰俩", "三叁仨", "四肆", "五伍", "六陆", "七柒拐", "八捌", "九玖勾")
    )
    for character in characters
}
UNITS: Mapping[str, int] = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
GROUPS: Mapping[str, int] = {"万": 10**4, "亿": 10**8}
TWENTIES: Mapping[str, str] = {"廿": "二十", "卅": "三十"}

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ENGLISH: Mapping[str, int] = {word: number for number, word in enumerate(SMALL)} | {
    word: 10 * number for number, word in enumerate(TENS, 2)
}
MULTIPLES: Mapping[str, int] = {"dozen": 12, "hundred": 100, "thousand": 1000}

# Whoever says more than this beside a number is not just telling a number.
BEFORE = (
    "我们|我|想|要|买|大概|大约|差不多|约|应该|可能|就是|就|那|是|一共|总共|共|有|需要|给|来|退|换|付了|付|花了|花|数量|金额|嗯|呃|¥|"
    r"i would like|i want|i need|id like|i have|i paid|we want|we need|we have|it is|it was|its|there are|they are|"
    r"about|around|maybe|just|only|roughly|um|\$"
)
AFTER = "左右|吧|啊|呀|哦|呢|嘛|的|了|谢谢|多谢|please|thank you|thanks|in total|total|altogether|of them|or so"
COUNTED = (
    "元整|元|块钱|块|圆|个人|个|件|只|双|套|条|盒|箱|瓶|包|袋|张|台|份|本|支|次|人|位|岁|天|公斤|斤|克|米|"
    "rmb|cny|yuan|dollars?|bucks|kg|pieces?|pcs?|items?|units?|pairs?|boxes|box|bottles?|people|persons?|days?|times"
)
NO_COUNT = "号月日点年楼时分"  # 12号 and 3月 are dates
CHINESE_DIGIT = "".join(DIGITS)
CHINESE = "".join((*DIGITS, *UNITS, *GROUPS, *TWENTIES))
WRITTEN = rf"[+-]?[\d.,]*\d[{CHINESE}\d点]*"
SPOKEN = rf"[{CHINESE}][{CHINESE}点]*"
WORD = "|".join((*MULTIPLES, *sorted(ENGLISH, key=len, reverse=True)))
WORDS = rf"(?:{WORD})(?:(?:[ -]| and )(?:{WORD}))*"
GAP = r"[ ,，、:：]*"
ANSWER = re.compile(
    rf"(?>(?:{BEFORE}){GAP})*+"
    rf"(?:(?P<whole>{WRITTEN}|{SPOKEN})[块元](?P<tenth>[\d{CHINESE_DIGIT}])[毛角]?"
    rf"|(?P<written>{WRITTEN}) ?(?:{COUNTED}|(?![{NO_COUNT}])[㐀-鿿])?"
    rf"|(?P<spoken>{SPOKEN}) ?(?:{COUNTED})?"
    rf"|(?P<words>{WORDS})(?: (?:{COUNTED}))?)"
    rf"(?>{GAP}(?:{AFTER}))*+"
)
GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?")
TOKEN = re.compile(r"\d+(?:\.\d+)?|\D")
ENDS = " \t\n。，！!？?~～、；;：:'\"“”()（）"
SPACE_IN_CHINESE = re.compile(r"(?<=[㐀-鿿])\s+|\s+(?=[㐀-鿿])")
LONGEST = 60  # characters of an answer
MOST_DIGITS = 15  # more is no quantity, but some other number


def number_in(text: str) -> str | None:
    """The number that the whole of `text` tells; None where it tells several, none, or more than a number."""
    said = SPACE_IN_CHINESE.sub("", normalize("NFKC", text).casefold().replace("'", "").strip(ENDS).rstrip("."))
    said = re.sub(r"\ba (?=hundred|thousand|dozen)", "one ", re.sub(r"\s+", " ", said))
    told = ANSWER.fullmatch(said) if len(said) <= LONGEST else None
    if told is None:
        return None
    if told["words"]:
        value = _of_words(re.split(r"[ -]", told["words"].replace(" and ", " ")))
    else:
        value = _of_run(told["whole"] or told["written"] or told["spoken"])
        if value is not None and told["tenth"]:
            value += Decimal(DIGITS.get(told["tenth"]) or int(told["tenth"])) / 10
    return _plainly(value) if value is not None else None


def chinese(run: str) -> int | None:
    """十二, 两百五, 二〇二六: a whole number, or None."""
    value = _of_tokens(run)
    return int(value) if value is not None and value == value.to_integral_value() else None


def _of_run(run: str) -> Decimal | None:
    if GROUPED.fullmatch(run):
        run = run.replace(",", "")
    if PLAIN.fullmatch(run):
        return Decimal(run)
    whole, point, after = run.partition("点")
    value = _of_tokens(whole)
    if value is None or not point:
        return value
    digits = "".join(str(DIGITS.get(each, each)) for each in after)
    return value + Decimal(f"0.{digits}") if digits.isdecimal() else None


def _of_tokens(run: str) -> Decimal | None:
    for short, long in TWENTIES.items():
        run = run.replace(short, long)
    tokens = TOKEN.findall(run)
    if all(token in DIGITS for token in tokens):
        return _digit_by_digit(run)
    total, group, digit = Decimal(0), Decimal(0), None
    last, last_group, after_zero = 10**5, 10**12, False  # the units so far: each is smaller than the one before
    for token in tokens:
        if token in UNITS:
            if UNITS[token] >= last or (digit is None and token not in "十拾"):
                return None
            last, group, digit = UNITS[token], group + (1 if digit is None else digit) * UNITS[token], None
        elif token in GROUPS:
            if GROUPS[token] >= last_group or not (group or digit):
                return None
            total += (group + (digit or 0)) * GROUPS[token]
            last_group, last, group, digit = GROUPS[token], GROUPS[token], Decimal(0), None
        elif digit is not None:
            return None
        elif DIGITS.get(token) == 0:
            after_zero = True
            continue
        elif token in DIGITS or PLAIN.fullmatch(token):
            digit = Decimal(DIGITS.get(token, token))
            continue
        else:
            return None
        after_zero = False
    if digit is not None and digit < 10 and last in (100, 1000, 10**4, 10**8) and not after_zero:
        digit *= last // 10  # 两百五 is 250, 两百零五 is 205
    return total + group + (digit or 0)


def _digit_by_digit(run: str) -> Decimal | None:
    digits = [DIGITS[each] for each in run]
    if len(digits) == 2 and 0 < digits[0] == digits[1] - 1:
        return None  # 两三个: two or three
    return Decimal("".join(map(str, digits)))


def _of_words(words: list[str]) -> Decimal | None:
    total = group = 0
    last = 10**6
    for word in words:
        if word in MULTIPLES:
            if word == "thousand":
                total, group = total + (group or 1) * 1000, 0
            else:
                group = (group or 1) * MULTIPLES[word]
            last = MULTIPLES[word]
            continue
        number = ENGLISH[word]
        if number >= last or (last < 20 and group) or (last < 100 and number > 9):
            return None  # "two three"
        group, last = group + number, number
    return Decimal(total + group)


def _plainly(value: Decimal) -> str | None:
    text = format(value.normalize(), "f")
    return text if sum(map(str.isdigit, text)) <= MOST_DIGITS else None
