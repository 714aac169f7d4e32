"""Tells a customer who asks for a person from one who only mentions people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hub.knowledge import normalise

PERSON_WORDS = (
    *("人工", "人工客服", "人工服务", "客服", "客服人员", "在线客服", "真人", "真人客服", "活人", "专员"),
    *("有人吗", "有人在吗", "有没有人"),
    *("agent", "human", "human being", "person", "someone", "somebody", "operator", "representative", "manager"),
    *("customer service", "customer support", "support"),
)

# What may stand around a word when the message says nothing else: 你好，客服在吗 / an agent please
FILLER = (
    r"(?:你好|您好|请问|请|麻烦|帮我|给我|我要|我想|在不在|在吗|在么|有人|有吗|一下|谢谢|[吗呢啊吧呀嘛哦么]"
    r"|\b(?:hi|hello|hey|please|pls|now|thanks|thank you|a|an|the|any|some|real|live|actual|another)\b| )*"
)

NOT_ZH = "".join(
    f"(?<!{word})" for word in ("不", "别", "不用", "不要", "不想", "不需", "不必", "无需", "不需要", "不用再")
)
ASKS_ZH = (
    r"(?:转接|转|接入|接|连接|联系|呼叫|找|叫|让|切换|换|要|请|想跟|想和|有)"
    r"(?:到|成|给|个|一个|一位|位|下|一下|你们的|你们)?"
)
# 转人工智能, 要客服电话, 有人工费吗, 要真人模特图
ANOTHER_MATTER_ZH = r"(?!智能|费|作|成本|合成|电话|号码|热线|微信|邮箱|时间|上班|工作|态度|模特|秀|图|照)"

NOT_EN = "".join(f"(?<!{words} )" for words in ("dont", "not", "no", "dont want to", "dont need to", "not want to"))
ASKS_EN = (
    r"\b(?:talk|speak|chat|connect|transfer|put|get|give|want|need|have|find|reach)\b"
    r"(?: (?:me|us|to|with|through|a|an|the|some|any|your|real|live|actual|human|another|customer|service)\b)* "
)
# "I want a human now" ends with the word or goes on like this; human hair and an agent fee do not.
ENDS_EN = r"\b(?= ?(?:$|please|pls|now|instead|here|who|asap|thanks|thank|about|for|from|in|on|and|or|not|rather)\b)"


def asking_for(words: Iterable[str]) -> re.Pattern[str]:
    """Matches normalised messages that say hardly more than one of the words, or ask for it: 转人工, talk to an agent.

    A word inside a sentence is not enough: 客服电话多少 wants a number, "user agent" is a program.
    """
    chosen = sorted({normalise(word) for word in words}, key=len, reverse=True)
    chinese = [word for word in chosen if not word.isascii()]
    english = [word for word in chosen if word.isascii()]
    ways = [rf"\A{FILLER}{_one_of(chosen)}{FILLER}\Z"]
    if chinese:
        ways.append(f"{NOT_ZH}{ASKS_ZH}{_one_of(chinese)}{ANOTHER_MATTER_ZH}")
    if english:
        ways.append(f"{NOT_EN}{ASKS_EN}{_one_of(english)}{ENDS_EN}")
    return re.compile("|".join(ways))


def _one_of(words: Sequence[str]) -> str:
    """The longest word that fits, for good: 人工客服 is not 人工 followed by something."""
    return f"(?>{'|'.join(map(re.escape, words))})"
