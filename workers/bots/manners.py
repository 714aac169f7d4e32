"""When a person has to take over, whatever the engines could say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hub.knowledge import normalise
from hub.settings import HandingOver
from workers.bots.asking import PERSON_WORDS, asking_for
from workers.bots.contract import Candidate, HandOver, Turn

READ_AT_MOST = 5_000  # characters: what comes after is no question

# Said about us, not about goods: 垃圾桶 is for sale, 垃圾客服 is not.
ANGRY = re.compile(
    r"垃圾(?:公司|平台|商家|店|客服|服务|东西|玩意|$)|骗子|骗钱|骗人的|坑人|坑爹|黑店|无良|不要脸|恶心|滚(?:蛋|开|吧|$)"
    r"|去死|傻[逼比叉x]|煞笔|脑残"
    r"|他妈|你妈|妈的|tmd|卧槽|我操|气死|太过分|受够了|忍无可忍"
    r"|(?:要|去|会|想)(?:投诉|举报|曝光|起诉|告)(?:你|他|她|到)|12315|消协|消费者协会|工商局|市场监管|找律师|法院见|报警"
    r"|\b(?:scam|scammers?|thieves|fraud|rip ?off|ridiculous|unacceptable|outrageous|disgusting|pathetic|bullshit|"
    r"wtf|fuck\w*|shit\w*|idiots?|assholes?|furious|fed up|sick of (?:this|you)|lawyer|sue you|report you|"
    r"worst (?:company|service|shop)|terrible service)\b"
)


class Manners:
    def __init__(self, rules: HandingOver):
        self._rules = rules
        self._asks_for_person = asking_for(rules.person_words or PERSON_WORDS)
        self._topics = any_of(rules.topics) if rules.topics else None

    def leave_to_people(self, turn: Turn) -> HandOver | None:
        said = normalise(turn.text[:READ_AT_MOST])
        if asked := self._asks_for_person.search(said):
            return HandOver(reason="asked_for_person", candidates=(Candidate("person", asked[0].strip(), 1.0),))
        if tags := turn.tags.intersection(self._rules.tags):
            return HandOver(reason="tag", candidates=(Candidate("person", min(tags), 1.0),))
        if self._topics and (found := self._topics.search(said)):
            return HandOver(reason="topic", candidates=(Candidate("person", found[0], 1.0),))
        if self._rules.angry and (found := ANGRY.search(said)):
            return HandOver(reason="angry", candidates=(Candidate("person", found[0], 1.0),))
        return None


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Chinese words anywhere; others as whole words, so that "hi" is not in "shipping"."""
    return re.compile("|".join(_whole(normalise(word)) for word in words))


def _whole(word: str) -> str:
    before = r"(?<![a-z0-9])" if word[0].isascii() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() else ""
    return before + re.escape(word) + after
