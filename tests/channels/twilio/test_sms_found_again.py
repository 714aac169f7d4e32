"""What Twilio is asked for later: messages of unknown fate, and those that were never pushed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import requests
import responses
from responses.matchers import query_param_matcher

from channels.contract import Attachment, DeliveryResult
from channels.errors import Misconfigured, SendError, Throttled, Uncertain, Unreachable
from tests.channels.cases import DictCache, assert_no_secret, assert_silent
from tests.channels.twilio.twilio import (
    ACCOUNT,
    API,
    CUSTOMER,
    FILE,
    ID,
    NOON,
    OTHER,
    OURS,
    SAID,
    SERVICE,
    SID,
    answer,
    listing,
    made,
    message,
    seen,
    serving,
    texting,
    twilio,
    wrote,
)

THIRD = "SM" + "5" * 32


def tried(cache: DictCache, at: datetime | None = None) -> DictCache:
    cache.values[f"twilio:tried:{ID}"] = (at or datetime.now(UTC)).isoformat()
    return cache


def lately(seconds: int = 1, **changes: Any) -> dict[str, Any]:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds))
    return made(**{"body": SAID, "date_created": at, **changes})


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([partial(lately, 1)], SID),
        ([partial(lately, 20, sid=OTHER), partial(lately, 2)], SID),
        ([partial(lately, 1, status="undelivered", error_code=30003)], SID),
        ([partial(lately, -28)], SID),
        ([partial(lately, 298)], SID),
        ([], None),
        ([partial(lately, 1, body="another text")], None),
        ([partial(lately, 1, to="+85251239999")], None),
        ([partial(lately, 1, direction="inbound")], None),
        ([partial(lately, -33)], None),
        ([partial(lately, 303)], None),
        ([partial(lately, 1, num_media="1")], None),
        ([partial(lately, 1, sid="SM?")], None),
    ],
    ids=[
        *("it", "the first of two", "undelivered", "just before", "just after", "none"),
        *("text", "number", "inbound", "before", "after", "with a file", "no id"),
    ],
)
def test_an_uncertain_message_is_looked_for(listed: list[Any], found: str | None) -> None:
    with twilio(listing(*(row() for row in listed))) as calls:
        result = texting(cache=tried(DictCache())).reconcile(message())
    assert result == (DeliveryResult(found) if found else None)
    assert f"To=%2B{CUSTOMER[1:]}" in calls[0].request.url and "From=" in calls[0].request.url


def test_what_is_known_to_be_another_message_is_not_it() -> None:
    cache = tried(DictCache(**{f"twilio:sent:{SID}": "another"}))
    with twilio(listing(lately())):
        assert texting(cache=cache).reconcile(message()) is None


def test_a_message_of_which_nobody_knows_when() -> None:
    with twilio():
        assert texting().reconcile(message()) is None


@pytest.mark.parametrize(
    ("answered", "kind"),
    [
        ({"status": 401, "json": {"code": 20003}}, Misconfigured),
        ({"status": 429, "json": {"code": 20429}}, Throttled),
        ({"status": 503, "body": ""}, Unreachable),
        ({"status": 307, "headers": {"Location": "https://evil.test/"}}, Unreachable),
        ({"body": "<html>"}, Unreachable),
        ({"body": ""}, Unreachable),
        ({"json": [made()]}, Unreachable),
        ({"body": requests.ReadTimeout(CUSTOMER)}, Unreachable),
        ({"body": requests.ConnectionError(CUSTOMER)}, Unreachable),
    ],
    ids=["login", "429", "503", "redirect", "html", "empty", "a list", "hangs", "reset"],
)
@pytest.mark.parametrize("look", ["reconcile", "poll"])
def test_a_list_that_cannot_be_had(look: str, answered: dict[str, Any], kind: type[SendError]) -> None:
    traces: list[str] = []
    number = texting(traces, tried(DictCache()))
    with twilio(answer("GET", "Messages.json", **answered)), pytest.raises(SendError) as failure:
        number.reconcile(message()) if look == "reconcile" else list(number.poll())
    assert failure.type is kind
    assert_silent(failure.value, [SAID, CUSTOMER])
    assert_no_secret("\n".join(traces), [SAID, CUSTOMER, CUSTOMER[1:], OURS[1:]])


def test_messages_of_a_service_are_looked_for_among_its_own() -> None:
    rows = [lately(sid=OTHER), lately(messaging_service_sid=SERVICE)]
    with twilio(listing(*rows)) as calls:
        assert texting(cache=tried(DictCache()), **serving()).reconcile(message()) == DeliveryResult(SID)
    assert "From=" not in calls[0].request.url


def test_two_messages_alike_are_not_taken_for_one() -> None:
    cache = tried(DictCache())
    with twilio(listing(lately(2, sid=OTHER), lately(1))):
        assert texting(cache=cache).reconcile(message()) == DeliveryResult(SID)
    twin = replace(message(), id=UUID(int=2))
    cache.values[f"twilio:tried:{twin.id}"] = datetime.now(UTC).isoformat()
    with twilio(listing(lately(2, sid=OTHER), lately(1))):
        assert texting(cache=cache).reconcile(twin) == DeliveryResult(OTHER)


def test_a_hanging_send_remembers_when() -> None:
    cache = DictCache()
    with twilio(answer("POST", "Messages.json", body=requests.ReadTimeout())), pytest.raises(Uncertain):
        texting(cache=cache).send(message())
    with twilio(listing(lately())):
        assert texting(cache=cache).reconcile(message()) == DeliveryResult(SID)


# what was never pushed


def inbound(**changes: Any) -> dict[str, Any]:
    return made(direction="inbound", status="received", **{"from": CUSTOMER, "to": OURS, "body": "你好", **changes})


def test_the_list_brings_what_a_push_would_have() -> None:
    rows = [inbound(), made(sid=OTHER, body="ours"), inbound(sid=THIRD, body="退订")]
    with twilio(listing(*rows)) as calls:
        events = list(texting().poll())
    assert "To=%2B85230001000" in calls[0].request.url and "DateSent%3E=" in calls[0].request.url
    pushed = [*texting().parse(wrote()), *texting().parse(wrote("退订", MessageSid=THIRD))]
    assert [(type(event), event.key, event.sender) for event in events] == [
        (type(event), event.key, event.sender) for event in pushed
    ]
    assert [seen(event) for event in events[:2]] == [seen(event) for event in pushed[:2]]
    assert events[2].state == pushed[2].state == "opted_out"
    assert events[0].sent_at == NOON


def test_pages_of_the_list() -> None:
    second = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?Page=1&PageToken=x"
    pages = [
        listing(inbound(), following=second),
        responses.Response(
            "GET",
            f"{API}/Messages.json",
            json={"messages": [inbound(sid=OTHER)], "next_page_uri": None},
            match=[query_param_matcher({"Page": "1", "PageToken": "x"})],
        ),
    ]
    with twilio(*pages):
        assert [event.key for event in texting().poll()] == [SID, OTHER]


def test_what_was_sent_long_ago_is_not_asked_for() -> None:
    with twilio(listing()) as calls:
        assert list(texting().poll()) == []
    [since] = parse_qs(urlsplit(calls[0].request.url).query)["DateSent>"]
    ago = datetime.now(UTC) - datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(hours=2) <= ago <= timedelta(hours=2, seconds=10)


def test_pictures_of_the_list() -> None:
    files = {"media_list": [{"sid": FILE, "content_type": "image/png", "parent_sid": SID}], "next_page_uri": None}
    with twilio(listing(inbound(num_media="1", body="")), answer("GET", f"Messages/{SID}/Media.json", json=files)):
        [event] = texting().poll()
    assert (event.kind, event.attachments) == ("image", (Attachment("image", f"{SID}/{FILE}/image/png"),))


def test_a_list_of_a_messaging_service_has_what_is_its_own() -> None:
    rows = [inbound(messaging_service_sid=SERVICE), inbound(sid=OTHER)]
    with twilio(listing(*rows)) as calls:
        events = list(texting(**serving()).poll())
    assert [event.key for event in events] == [SID] and "To=" not in calls[0].request.url


@pytest.mark.parametrize(
    "row",
    [{"from": "whatsapp:+85251230001"}, {"from": None}, {"sid": "SM?"}, {"date_created": None}],
    ids=["whatsapp", "nobody", "no id", "no date"],
)
def test_a_row_that_makes_no_sense_keeps_no_other_back(row: dict[str, Any]) -> None:
    with twilio(listing(inbound(**{"sid": OTHER, **row}), inbound())):
        assert [event.key for event in texting().poll()] == [SID]


def test_what_no_database_keeps() -> None:
    with twilio(listing(inbound(body="a\0\ud800b"))):
        [event] = texting().poll()
    assert event.text == "a?b"
