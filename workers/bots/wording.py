"""What the bot says of itself, in the customer's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hub.knowledge import Texts, normalise

WHICH = Texts(zh="您是不是想问：", en="Did you mean:")
NONE_OF_THESE = Texts(zh="都不是", en="None of these")
GO_ON = Texts(zh="我们继续：", en="Back to where we were:")
MORE = Texts(zh="您可能还想问：", en="You may also want to know:")
READ_MORE = Texts(zh="详情：", en="More: ")

NONE = {
    normalise(word)
    for word in ("都不是", "不是", "都不对", "没有", "以上都不是", "none of these", "none", "neither", "no")
}
ORDINALS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            ("1", "一", "第一", "第一个", "第1个", "one", "first", "the first", "the first one"),
            ("2", "二", "两", "第二", "第二个", "第2个", "two", "second", "the second", "the second one"),
            ("3", "三", "第三", "第三个", "第3个", "three", "third", "the third", "the third one"),
            ("4", "四", "第四", "第四个", "第4个", "four", "fourth", "the fourth", "the fourth one"),
            ("5", "五", "第五", "第五个", "第5个", "five", "fifth", "the fifth", "the fifth one"),
            ("6", "六", "第六", "第六个", "第6个", "six", "sixth", "the sixth", "the sixth one"),
        ),
        1,
    )
    for word in words
}
AROUND = re.compile(r"^(?:选择?|我选|是|按|option|number|no)\s*|(?:号|项)?(?:吧|啊|呀|哦|谢谢|please|thanks)?$")


def chosen(choices: Sequence[str], text: str) -> str:
    """What a customer means who was given choices: the choice, where they name it by its number, else their words."""
    said = normalise(text)
    for candidate in (said, normalise(AROUND.sub("", said))):
        number = ORDINALS.get(candidate, 0)
        if 0 < number <= len(choices):
            return choices[number - 1]
    return next((each for each in choices if normalise(each) == said), text)


def is_none(text: str, choices: Sequence[str]) -> bool:
    """They were asked which was meant, and it was none of that. To other questions 不是 and "no" are answers."""
    return normalise(text) in NONE and not {NONE_OF_THESE.zh, NONE_OF_THESE.en}.isdisjoint(choices)
