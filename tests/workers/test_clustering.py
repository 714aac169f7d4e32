"""Questions that are alike come together, however many there are and whatever is known."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from hub.knowledge import normalise
from workers.bots import clustering
from workers.bots.clustering import Question, alike, clusters
from workers.bots.spaces import space_of

INVOICE = ["怎么开发票", "发票怎么开", "开发票怎么开"]
ADDRESS = ["how do I change my address", "change my address please", "how can I change my address"]
PLACES = {"近一": (1.0, 0.0), "近二": (0.9, 0.436), "中间": (0.6, 0.8), "远的": (0.0, 1.0)}


def asked(*texts: str) -> list[Question]:
    return [Question(number, text) for number, text in enumerate(texts, 1)]


def in_the_plane(texts: Sequence[str]) -> csr_matrix:
    return csr_matrix([PLACES[each] for each in texts])


def test_what_is_alike_comes_together_largest_first() -> None:
    found = clusters(
        asked(INVOICE[0], ADDRESS[0], *INVOICE[1:], ADDRESS[1], "有没有实体店", ADDRESS[2], "发票怎么开？")
    )
    assert [(each.size, {*each.questions}) for each in found] == [(4, {1, 3, 4, 8}), (3, {2, 5, 7}), (1, {6})]


def test_the_same_words_are_one_question_as_it_was_written_last() -> None:
    [only] = clusters(asked("怎么开发票", "怎么开发票？", "怎么 开发票！"))
    assert (only.name, only.size, only.examples, only.questions) == ("怎么 开发票！", 3, (3,), (3, 2, 1))


def test_the_question_in_the_middle_stands_for_all() -> None:
    [only] = clusters(asked("近一", "近二", "近一"), in_the_plane)
    assert (only.name, only.examples) == ("近一", (3, 2))


def test_groups_are_joined_by_what_they_have_in_common_on_average() -> None:
    # 中间 is near 近二 (.89) and 远的 (.8), and would chain them all: on average they are apart
    found = clusters(asked("近一", "近二", "中间", "远的"), in_the_plane)
    assert [{*each.questions} for each in found] == [{3, 4}, {1, 2}]


@pytest.mark.parametrize("texts", [[], [""], ["？！", "…"]])
def test_signs_ask_nothing(texts: list[str]) -> None:
    assert clusters(asked(*texts)) == []


def test_one_question_is_a_group() -> None:
    meanings = [{"id": "invoice", "question": "怎么开发票", "score": 0.4}]
    [only] = clusters(asked("能开票吗"), nearest=lambda text: meanings if text == "能开票吗" else [])
    assert (only.name, only.size, only.examples, only.nearest) == ("能开票吗", 1, (1,), tuple(meanings))


def test_what_the_space_knows_nothing_of_stays_alone() -> None:
    assert len(clusters(asked("甲乙", "丙丁"), lambda texts: csr_matrix((len(texts), 1)))) == 2


def test_only_the_newest_of_very_many_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "AT_MOST", 2)
    found = clusters(asked("怎么开发票", "有没有实体店", "怎么注销账号", "有没有实体店？"))
    assert {each.name: each.size for each in found} == {"有没有实体店？": 2, "怎么注销账号": 1}


@pytest.mark.slow
def test_five_thousand_take_seconds() -> None:
    dice = random.Random(7)
    signs = [chr(0x4E00 + number) for number in range(400)]
    first = ["".join(dice.choices(signs, k=8)) for _ in range(200)]
    texts = [f"{dice.choice(first)}{dice.choice(signs)}" for _ in range(6_000)]
    found = clusters(asked(*texts))
    assert len(found) == 200
    assert len({number for each in found for number in each.questions}) == sum(each.size for each in found)


@given(st.lists(st.text("退款发票地址怎么吗 ?ab", max_size=6), max_size=40), st.integers(1, 7))
def test_every_question_is_in_one_group(texts: list[str], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "AT_ONCE", at_once)
        found = clusters(asked(*texts))
    told = sorted(number for each in found for number in each.questions)
    assert told == [each.id for each in asked(*texts) if normalise(each.text)]
    assert all({*each.examples} <= {*each.questions} and each.size == len(each.questions) for each in found)


@given(st.lists(st.text("退款发票地址怎么吗ab", min_size=1, max_size=6), min_size=2, max_size=25, unique_by=normalise))
def test_parts_that_are_looked_at_alone_make_the_same_groups(texts: list[str]) -> None:
    """As if the tree was made of all of them."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    rows = space_of(texts)(texts).astype(float)
    distances = (1 - (rows @ rows.T).toarray()).clip(0)
    distances.flat[:: len(texts) + 1] = 0
    whole = fcluster(linkage(squareform(distances, checks=False), "average"), 1 - clustering.ALIKE, "distance")
    groups = clustering._groups(rows)
    assert sorted(len(each) for each in groups) == sorted(list(whole).count(label) for label in {*whole})


def test_what_is_like_something_else() -> None:
    said = ["怎么开发票呢", "有没有实体店", "？"]
    assert alike(said, ["怎么开发票", "发票"]) == [True, False, False]
    assert alike([], said) == []
    assert alike(said, []) == [False, False, False]


@given(st.lists(st.text(max_size=8), max_size=5), st.text(max_size=8))
def test_likeness_runs_from_nothing_to_the_same(texts: list[str], text: str) -> None:
    space = space_of(texts)
    similar = (space([text]) @ space([*texts, text]).T).toarray()[0]
    assert (similar >= 0).all()
    assert (similar <= 1.00001).all()
    for each, score in zip(texts, similar, strict=False):
        if normalise(each) and normalise(each) == normalise(text):
            assert score == pytest.approx(1, abs=1e-5)
