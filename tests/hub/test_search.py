"""Search: everything that may be read is found, and nothing else, not even as a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from channels.contract import Attachment
from hub.db import db, now
from hub.models import Agent, Contact, Conversation, Identity, Message
from hub.queries import search
from hub.queries.cursors import cursor
from hub.services import erasure
from tests.stage import Person, Stage, WeChat, written
from workers import tasks

han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=20)


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


def say(stage: Stage, *texts: str, sender: str = "bo", name: str = "", first: int = 1, **fields: Any) -> None:
    numbered = enumerate(texts, first)
    stage.page(*[written(said, sender=sender, number=n, name=name, **fields) for n, said in numbered])
    stage.work()


def texts(person: Person, asked: str, **query: Any) -> list[str]:
    items = person.get("/search", q=asked, kind="messages", **query)["items"]
    return [item["excerpt"]["text"] for item in items]


def marked(item: Any) -> list[str]:
    return [item["excerpt"]["text"][start:end] for start, end in item["excerpt"]["marks"]]


def people(person: Person, asked: str, **query: Any) -> list[str]:
    return [item["name"]["text"] for item in person.get("/search", q=asked, kind="contacts", **query)["items"]]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("怎么申请退款", "退款"),
        ("怎么申请退款", "申请退款"),
        ("怎么申请退款", "款"),
        ("我要退貨", "退货"),
        ("我要退货", "退貨"),
        ("iPhone退款", "iphone退款"),
        ("ｉＰｈｏｎｅ１５ 坏了", "iPhone15 坏"),
        ("Where is my parcel?", "parc"),
        ("订单 DD20260301123", "20260301"),
        ("订单 DD20260301123", "dd2026"),
        ("写信到 zhang.wei@example.com", "zhang.wei@example.com"),
    ],
)
def test_found(stage: Stage, anna: Person, said: str, asked: str) -> None:
    say(stage, said, "something else 别的东西")
    [item] = anna.get("/search", q=asked, kind="messages")["items"]
    assert item["excerpt"]["text"] == said
    assert item["conversation"]["contact"]["id"] == stage.conversation().contact_id
    assert marked(item)


@pytest.mark.parametrize("asked", ["款退", "退 货", "refunds", "123", "%", "_", "' OR 1=1", "ef"])
def test_not_found(stage: Stage, anna: Person, asked: str) -> None:
    say(stage, "退款 refund DD20260301123")
    found = anna.client.get("/api/v1/search", query_string={"q": asked})
    assert found.status_code == 422 or found.get_json()["items"] == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=han, data=st.data())
def test_any_two_characters_or_more_of_a_message_find_it(stage: Stage, anna: Person, said: str, data: Any) -> None:
    start = data.draw(st.integers(0, len(said) - 2))
    part = said[start : data.draw(st.integers(start + 2, len(said)))]
    number = len(stage.rows(Message)) + 1
    say(stage, said, first=number)
    assert said in texts(anna, part)


@pytest.mark.parametrize("many", [search.MANY, 0])
def test_pages_newest_first_without_gap_or_double(
    stage: Stage, anna: Person, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Also across the windows in which messages are looked through, as if it were in too many of them."""
    monkeypatch.setattr(search, "MANY", many)
    monkeypatch.setattr(search, "FIRST_WINDOW", 3)
    monkeypatch.setattr(search, "GROWTH", 2)
    monkeypatch.setattr(search, "LOOKED_THROUGH", 6)
    say(stage, *[f"退款 {n}" if n % 3 else "别的" for n in range(20)])
    wanted = [f"退款 {n}" for n in reversed(range(20)) if n % 3]
    assert texts(anna, "退款") == wanted
    for limit in (1, 4, 7):
        got, place = [], {}
        while True:
            page = anna.get("/search", q="退款", kind="messages", limit=limit, **place)
            got += [item["excerpt"]["text"] for item in page["items"]]
            if page["next"] is None:
                break
            place = {"cursor": page["next"]}
        assert got == wanted


def test_by_relevance_what_stands_together_comes_first(stage: Stage, anna: Person) -> None:
    say(stage, "申请退款", "退款怎么请 申请")
    assert texts(anna, "申请退款 ") == ["申请退款"]  # 请退 is not in the other
    say(stage, "refund the order", "order of a refund", first=10)
    assert texts(anna, "order refund", sort="relevance")[0] == "order of a refund"
    assert anna.get("/search", q="refund", kind="messages", sort="relevance", limit=1)["next"] is None


def test_subjects_files_notes_and_transcripts_are_found(stage: Stage, anna: Person, wechat: WeChat) -> None:
    contract = Attachment("file", "合同终稿")  # the channel tells its name once it is fetched
    stage.page(written("看附件", number=1, payload={"subject": "报价单"}, attachments=(contract,)))
    stage.work()
    talk = stage.conversation().id
    anna.post(f"/conversations/{talk}/messages", {"text": "财务说明天到账", "note": True}, 201)
    for asked, place in (("报价单", "subject"), ("终稿", "files"), ("财务", "text")):
        [item] = anna.get("/search", q=asked, kind="messages")["items"]
        assert item["found_in"] == place
    assert item["message"]["direction"] == "note"
    with stage.inside():
        row = db.session.scalars(db.select(Message).where(Message.text == "看附件")).one()
        row.payload = {**row.payload, "transcript": "我想查物流"}
    assert anna.get("/search", q="物流", kind="messages")["items"][0]["found_in"] == "transcript"
    assert texts(anna, "claimed") == []  # what happened is no text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"direction": "in"}, ["退款 in"]),
        ({"direction": "note"}, ["退款 note"]),
        ({"channel": "front"}, ["退款 note", "退款 in"]),
        ({"channel": "shop"}, []),
        ({"status": "resolved"}, []),
        ({"status": "bot,waiting,open"}, ["退款 note", "退款 in"]),
        ({"team": "sales"}, []),
        ({"agent": "me"}, []),
        ({"has": "attachment"}, []),
        ({"from": "2020-01-01T00:00:00Z"}, ["退款 note", "退款 in"]),
        ({"from": "2999-01-01T00:00:00Z"}, []),
        ({"to": "2020-01-01T00:00:00Z"}, []),
        ({"to": "2999-01-01T00:00:00Z"}, ["退款 note", "退款 in"]),
    ],
)
def test_filters(stage: Stage, anna: Person, query: dict[str, str], wanted: list[str]) -> None:
    say(stage, "退款 in")
    with stage.inside():
        db.session.execute(update(Message).values(channel="front"))
    anna.post(f"/conversations/{stage.conversation().id}/messages", {"text": "退款 note", "note": True}, 201)
    with stage.inside():
        db.session.execute(update(Message).values(channel="front"))
    assert texts(anna, "退款", **query) == wanted


@pytest.mark.parametrize(
    "query",
    [
        {"q": ""},
        {"q": "🙂"},
        {"q": "%%"},
        {"q": "退" * 201},
        {"q": "退款", "kind": "nothing"},
        {"q": "退款", "sort": "oldest"},
        {"q": "退款", "status": "closed"},
        {"q": "退款", "agent": "you"},
        {"q": "退款", "from": "yesterday"},
        {"q": "退款", "to": "9999-12-31T23:59:59Z"},
        {"q": "退款", "cursor": "nonsense"},
        {"q": "退款", "cursor": cursor(now(), 2**70)},
        {"q": "退款", "kind": "contacts", "cursor": "bm9uc2Vuc2U="},
        {"q": "退款", "limit": "0"},
    ],
)
def test_refused(stage: Stage, anna: Person, query: dict[str, str]) -> None:
    say(stage, "退款")
    anna.get("/search", 422, **query)


def test_what_takes_too_long_is_refused_with_a_way_out(
    stage: Stage, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(stage, "退款")
    monkeypatch.setattr(search, "SECONDS", 0.2)
    monkeypatch.setattr(search, "_newest", lambda *_: db.session.execute(text("SELECT pg_sleep(5)")))
    assert anna.get("/search", 422, q="退款", kind="messages")["code"] == "search_too_broad"
    monkeypatch.undo()
    assert texts(anna, "退款") == ["退款"]


# who may read it


@pytest.fixture
def apart(stage: Stage, anna: Person) -> Iterator[Person]:
    """Bo, who works for returns; the customer's conversation is with sales."""
    say(stage, "退款 secret", name="王小明")
    with stage.inside():
        db.session.execute(update(Conversation).values(team="sales"))
    return stage.agent("Bo")


def test_who_may_not_read_it_finds_nothing(stage: Stage, anna: Person, apart: Person) -> None:
    for asked in ("退款", "secret", "王小明", "王"):
        assert apart.get("/search", q=asked) == {"items": [], "next": None}
        assert apart.get("/search", q=asked, kind="contacts") == {"items": [], "next": None}
        assert len(anna.get("/search", q=asked)["items"]) == 1
    assert apart.get("/search", q="退款", sort="relevance") == {"items": [], "next": None}
    boss = stage.agent("Carla", "supervisor")
    assert texts(boss, "退款") == ["退款 secret"]


def test_who_is_given_it_finds_it(stage: Stage, anna: Person, apart: Person) -> None:
    with stage.inside():
        db.session.execute(update(Conversation).values(assignee_id=apart.id))
    assert texts(apart, "退款") == ["退款 secret"]
    assert people(apart, "王小明") == ["王小明"]
    assert texts(apart, "退款", agent="me") == ["退款 secret"]


# people


@pytest.fixture
def wang(stage: Stage) -> Contact:
    say(stage, "hello", sender="openid-Abc_9", name="王小明 (VIP)")
    with stage.inside():
        contact = db.session.scalars(db.select(Contact)).one()
        for scheme, value in (("tel", "+8613812345678"), ("email", "Xiao.Ming@example.com")):
            db.session.add(Identity(contact_id=contact.id, scheme=scheme, value=value))
    return contact


NAMES = ("王小明", "小明", "王", "vip", "openid-abc_9", "xiao.ming@example.com", "ming@ex")
TAILS = ("5678", "345678", "138 1234 5678", "+86138", "王 5678", "小明 example.com")


@pytest.mark.parametrize("asked", [*NAMES, *TAILS])
def test_a_person_is_found(stage: Stage, anna: Person, wang: Contact, asked: str) -> None:
    assert people(anna, asked) == ["王小明 (VIP)"]


@pytest.mark.parametrize("asked", ["678", "1234567", "李", "王 9999", "%", "mingo"])
def test_a_person_is_not_found(stage: Stage, anna: Person, wang: Contact, asked: str) -> None:
    found = anna.client.get("/api/v1/search", query_string={"q": asked, "kind": "contacts"})
    assert found.status_code == 422 or found.get_json()["items"] == []


def test_people_come_before_messages_with_what_was_found_of_them(stage: Stage, anna: Person, wang: Contact) -> None:
    say(stage, "尾号5678", first=9)
    person, said = anna.get("/search", q="5678")["items"]
    assert (person["kind"], said["kind"]) == ("contact", "message")
    [tel] = [each["value"] for each in person["addresses"] if each["scheme"] == "tel"]
    assert [tel["text"][start:end] for start, end in tel["marks"]] == ["5678"]
    assert person["conversation"]["contact"]["id"] == wang.id


def test_people_page_by_page(stage: Stage, anna: Person) -> None:
    stage.page(*[written("hi", sender=f"c{n}", number=n, name=f"李{n}") for n in range(7)])
    stage.work()
    got, place = [], {}
    while True:
        page = anna.get("/search", q="李", kind="contacts", limit=3, **place)
        got += [item["name"]["text"] for item in page["items"]]
        if page["next"] is None:
            break
        place = {"cursor": page["next"]}
    assert sorted(got) == [f"李{n}" for n in range(7)]
    assert len(anna.get("/search", q="李")["items"]) == search.PEOPLE_FIRST


def test_after_a_merge_the_one_that_stays_is_found_by_both(stage: Stage, anna: Person) -> None:
    say(stage, "one", sender="a1111", name="甲先生")
    say(stage, "two", sender="b2222", name="乙女士", first=5)
    kept, other = (row.id for row in stage.rows(Contact))
    anna.post(f"/contacts/{kept}/merge", {"contact": other})
    assert people(anna, "b2222") == ["甲先生"]
    assert people(anna, "乙女士") == []  # nobody writes as that one any more
    [merge] = anna.get(f"/contacts/{kept}")["merges"]
    anna.post(f"/contacts/{kept}/unmerge", {"merge": merge["id"]})
    assert people(anna, "b2222") == ["乙女士"]


# what is written past it


def test_the_erased_are_not_found(stage: Stage, anna: Person, wang: Contact) -> None:
    say(stage, "我的地址是南京路", sender="openid-Abc_9", first=9)
    with stage.inside():
        contact = db.session.get_one(Contact, wang.id)
        erasure.erase(contact, ["everything"], db.session.get_one(Agent, anna.id))
    for asked in ("南京路", "王小明", "5678", "ming", "openid-abc_9", "erased"):
        assert anna.get("/search", q=asked) == {"items": [], "next": None}
    with stage.inside():
        words = set(db.session.scalars(db.select(Message.words)))
    assert words == {""}


def test_what_was_there_before_is_read_bit_by_bit(stage: Stage, anna: Person, wang: Contact) -> None:
    with stage.inside():
        for model in (Message, Contact, Identity):
            db.session.execute(update(model).values(words=None))
    assert anna.get("/search", q="hello") == {"items": [], "next": None}
    with stage.app.app_context():
        tasks.read_for_search()
        tasks.read_for_search()
    assert len(anna.get("/search", q="hello")["items"]) == 1
    assert people(anna, "5678") == ["王小明 (VIP)"]
    with stage.inside():
        assert db.session.scalar(text("SELECT count(*) FROM message WHERE words IS NULL")) == 0


def test_the_list_searches_the_same_words(
    stage: Stage, anna: Person, wang: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(stage, "想退貨", sender="somebody", first=9)
    found = {"退货": ["想退貨"], "5678": ["hello"], "王小明": ["hello"], "%": [], "hel": ["hello"]}
    for many in (search.MANY, 0):  # as if it were in too many messages to list them
        monkeypatch.setattr(search, "MANY", many)
        for asked, wanted in found.items():
            items = anna.get("/conversations", q=asked)["items"]
            assert [item["last_message"]["text"] for item in items] == wanted, (asked, many)
