"""What a model may not say, whatever a customer talked it into: what does not stand in the passages it cites.

A wrong sentence made of the passages' own words passes. Links, addresses, amounts, accounts and talk about other
things do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from hub.knowledge import language_of
from workers.bots.outside.retrieval import terms

GROUNDED = 0.3  # of the answer's words, at least, stand in the passages
ENOUGH_WORDS = 3  # to tell
LONGEST_QUOTE = 40  # characters of our own instructions, without spaces

LINK = re.compile(r"[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+|\b(?:mailto|tel|javascript|data|weixin|alipays?):\S+")
DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}|(?:[a-z0-9-]+\s?(?:\[\.\]|\(\.\)|\(dot\)|\[dot\])\s?)+[a-z]{2,}")
MAIL = re.compile(r"[^\s@<>()，。、：:]*@[\w.-]+")
MARKUP = re.compile(r"\]\s*[(\[]|!\[|<\s*/?[a-z!]")
PHONE = re.compile(r"[+(]?\d(?:[ ().·/-]{0,2}\d){6,}")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MONEY = re.compile(r"[¥￥$€£]\s?\d[\d.,]*|\d[\d.,]*\s?(?:元|块|円|%|折|万|亿|yuan|rmb|cny|usd|dollars?|percent|euros?)")
NUMERALS = re.compile(
    r"[〇零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟]{3,}"
    r"|[一二三四五六七八九十两几数]?[百千万亿佰仟]+(?=元|块|人民币)"
)
SPELLED = re.compile(
    r"\b(?:hundred|thousand|million|billion)s?\b"
    r"|\b(?:(?:zero|one|two|three|four|five|six|seven|eight|nine|oh)[\s,-]+){3,}"
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|oh)\b"
)
# where frauds send people
ELSEWHERE = re.compile(
    r"微信|威信|薇信|加v|扣扣|电报群|支付宝|银行卡|银行账[号户]|转账|汇款|比特币|验证码|密码"
    r"|\b(?:we[ -]?chat|wx|vx|qq|telegram|whatsapp|alipay|paypal|usdt)\b"
    r"|bank account|wire transfer|bitcoin|gift ?cards?|verification code|password"
)
LIST_ITEM = re.compile(r"^\s*\(?\d{1,2}[.、)）]\s*", re.MULTILINE)
JOINERS = re.compile("[\u200c\u200d\ufe0e\ufe0f]")


def unsupported(answer: str, cited: Sequence[str], instructions: str) -> str:
    """What of the answer stands in none of the passages, or ""."""
    said, known = _folded(answer), _folded("\n".join(cited))
    found = (
        *(each for pattern in (LINK, DOMAIN, MAIL) for each in _news(pattern, said, known, str)),
        *_news(MARKUP, said, known, str),
        *_news(PHONE, said, known, _digits),
        *_numbers(said, known),
        *(each for pattern in (NUMERALS, SPELLED, ELSEWHERE) for each in _news(pattern, said, known, str)),
    )
    if found:
        return found[0]
    if _quotes(said, _folded(instructions)):
        return "instructions"
    return "" if _is_about(answer, cited) else "other words"


def _folded(text: str) -> str:
    """In one width and case, with the digits of all scripts as ours, and without what joins characters unseen."""
    folded = JOINERS.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in folded)


def _news(pattern: re.Pattern[str], said: str, known: str, key: Callable[[str], str]) -> Iterator[str]:
    there = {key(each) for each in _all(pattern, known)}
    yield from (each for each in _all(pattern, said) if key(each) not in there)


def _all(pattern: re.Pattern[str], text: str) -> Iterable[str]:
    return (found[0].rstrip(".,;:!?)]}»”\"'。，；：！？）】") or found[0] for found in pattern.finditer(text))


def _numbers(said: str, known: str) -> Iterator[str]:
    """One digit may count the answer's own points, unless it is money."""
    there = {_value(each) for each in NUMBER.findall(known)}
    phones = {_digits(each) for each in PHONE.findall(known)}  # however they are written
    counted = PHONE.sub(lambda found: "" if _digits(found[0]) in phones else found[0], LIST_ITEM.sub("", said))
    for each in NUMBER.findall(counted):
        if len(_digits(each)) > 1 and _value(each) not in there:
            yield each
    for amount in MONEY.findall(said):
        if any(_value(each) not in there for each in NUMBER.findall(amount)):
            yield amount


def _value(number: str) -> str:
    """10,000 is 10000, and 3.50 is 3.5."""
    whole, _, rest = number.replace(",", "").partition(".")
    fraction = rest.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _quotes(said: str, instructions: str) -> bool:
    told, ours = re.sub(r"\W", "", said), re.sub(r"\W", "", instructions)
    return any(ours[at : at + LONGEST_QUOTE] in told for at in range(0, len(ours) - LONGEST_QUOTE, LONGEST_QUOTE // 2))


def _is_about(answer: str, cited: Sequence[str]) -> bool:
    """Only where both are in one language can words tell."""
    said, known = set(terms(answer)), set(terms("\n".join(cited)))
    if len(said) < ENOUGH_WORDS or language_of(answer) != language_of("\n".join(cited)):
        return True
    return len(said & known) / len(said) >= GROUNDED
