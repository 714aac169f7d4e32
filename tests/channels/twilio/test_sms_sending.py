"""Text messages that go out: each refusal's class, what is uncertain and found again, files, what was never pushed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any
from unittest.mock import ANY

import pytest
import requests
import responses
from responses.matchers import query_param_matcher

from channels.contract import Address, Attachment, DeliveryResult, File, InboundMessage, OutboundMessage, Presence
from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Uncertain, Unreachable
from channels.twilio.errors import ERRORS
from tests.channels.cases import DictCache, assert_no_secret, assert_silent, make_channel
from tests.channels.twilio.twilio import (
    ACCOUNT,
    ANNA,
    API,
    CUSTOMER,
    FILE,
    HOOK,
    ID,
    KIND,
    OTHER,
    OURS,
    SID,
    answer,
    form,
    listing,
    made,
    refused,
    taken,
    twilio,
    wrote,
)

SAID = "您的包裹到了，请来取件"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def channel(traces: list[str] | None = None, cache: Any = None, **settings: Any) -> Any:
    made_ = make_channel(KIND, (traces if traces is not None else []).append, cache, **settings)
    made_.hook = HOOK
    return made_


def message(text: str = SAID, to: Address = ANNA, **more: Any) -> OutboundMessage:
    return OutboundMessage(id=ID, to=to, text=text, **more)


def fails(answers: list[responses.BaseResponse], **settings: Any) -> SendError:
    traces: list[str] = []
    with twilio(*answers), pytest.raises(SendError) as failure:
        channel(traces, **settings).send(message())
    assert_silent(failure.value, [SAID, CUSTOMER])
    assert_no_secret("\n".join(traces), [SAID, CUSTOMER])
    return failure.value


# one call


def test_what_twilio_is_asked_for() -> None:
    with twilio(taken()) as calls:
        assert channel().send(message()) == DeliveryResult(SID)
    assert form(calls[0]) == {"To": [CUSTOMER], "From": [OURS], "Body": [SAID], "StatusCallback": [f"{HOOK}?m={ID}"]}
    assert calls[0].request.headers["Authorization"].startswith("Basic ")


def test_by_a_messaging_service() -> None:
    service = "MG" + "4" * 32
    with twilio(taken()) as calls:
        channel(**{"from": ""}, messaging_service_sid=service).send(message())
    assert form(calls[0])["MessagingServiceSid"] == [service] and "From" not in form(calls[0])


def test_a_picture_is_fetched_by_twilio() -> None:
    sender = channel(mms=True)
    sender.publish = lambda file: f"https://hub.test/files/{file.name}"
    with twilio(taken()) as calls:
        sender.send(message("", file=File("a.png", "image/png", PNG)))
    assert form(calls[0])["MediaUrl"] == ["https://hub.test/files/a.png"]
    assert sender.capabilities.media["image"].takes("image/png")


def test_a_number_that_sends_no_files() -> None:
    assert channel().capabilities.media == {}
    with twilio(), pytest.raises(Refused, match="no files"):
        channel().send(message("", file=File("a.png", "image/png", PNG)))


def test_countries_that_ops_did_not_name() -> None:
    with twilio(), pytest.raises(Refused, match=r"\+852 only"):
        channel(countries=["+852"]).send(message(to=Address("tel", "+881612345678")))
    with pytest.raises(ValueError, match=r"\+852 only"):
        channel(countries=["+852"]).address("+8816 1234 5678")


def test_the_answer_may_say_that_it_failed_already() -> None:
    failure = fails([taken(code=21610, status="failed")])
    assert (type(failure), failure.code) == (Gone, "21610")


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_code_has_its_reaction(code: int) -> None:
    failure = fails([refused(code, 429 if code == 20429 else 400)])
    assert type(failure) is ERRORS[code].error
    if code != 20429:
        assert (failure.code, failure.reason) == (str(code), ERRORS[code].words)


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ([refused(99999)], Refused, "99999"),
        ([refused(20429, 429)], Throttled, "429"),
        ([answer("POST", "Messages.json", 429, headers={"Retry-After": "7"})], Throttled, "429"),
        ([answer("POST", "Messages.json", 401, body="<html>")], Misconfigured, "401"),
        ([answer("POST", "Messages.json", 404, body="")], Refused, "404"),
        ([answer("POST", "Messages.json", 502, body="<html>Bad gateway")], Uncertain, "502"),
        ([answer("POST", "Messages.json", 503, json={"code": 20503})], Uncertain, "503"),
        ([answer("POST", "Messages.json", 307, headers={"Location": "https://evil.test/"})], Uncertain, "307"),
        ([answer("POST", "Messages.json", 201, body="<html>")], Uncertain, ""),
        ([answer("POST", "Messages.json", 201, json={"sid": "nonsense"})], Uncertain, ""),
        ([answer("POST", "Messages.json", body=requests.ReadTimeout(CUSTOMER))], Uncertain, ""),
        ([answer("POST", "Messages.json", body=requests.ConnectionError("reset"))], Uncertain, ""),
        ([answer("POST", "Messages.json", body=requests.ConnectTimeout(CUSTOMER))], Unreachable, ""),
    ],
    ids=[
        *("unknown", "slow down", "slow down in words", "login", "missing", "html", "503", "redirect", "no json"),
        *("no id", "hangs", "reset", "no connection"),
    ],
)
def test_a_call_that_goes_wrong(answers: list[Any], kind: type[SendError], code: str) -> None:
    failure = fails(answers)
    assert (type(failure), failure.code) == (kind, code)


# found again


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
        ([], None),
        ([partial(lately, 1, body="another text")], None),
        ([partial(lately, 1, to="+85251239999")], None),
        ([partial(lately, 1, direction="inbound")], None),
        ([partial(lately, -300)], None),
        ([partial(lately, 900)], None),
        ([partial(lately, 1, num_media="1")], None),
        ([partial(lately, 1, sid="SM?")], None),
    ],
    ids=["it", "the first of two", "none", "text", "number", "inbound", "before", "after", "with a file", "no id"],
)
def test_an_uncertain_message_is_looked_for(listed: list[Any], found: str | None) -> None:
    with twilio(listing(*(row() for row in listed))) as calls:
        result = channel(cache=tried(DictCache())).reconcile(message())
    assert result == (DeliveryResult(found) if found else None)
    assert f"To=%2B{CUSTOMER[1:]}" in calls[0].request.url and "From=" in calls[0].request.url


def test_what_is_known_to_be_another_message_is_not_it() -> None:
    cache = tried(DictCache(**{f"twilio:sent:{SID}": "another"}))
    with twilio(listing(lately())):
        assert channel(cache=cache).reconcile(message()) is None


def test_a_message_of_which_nobody_knows_when() -> None:
    with twilio():
        assert channel().reconcile(message()) is None


def test_a_list_that_cannot_be_had_is_asked_for_again() -> None:
    with twilio(answer("GET", "Messages.json", 503, body="")), pytest.raises(Unreachable):
        channel(cache=tried(DictCache())).reconcile(message())


def test_a_hanging_send_remembers_when() -> None:
    cache = DictCache()
    with twilio(answer("POST", "Messages.json", body=requests.ReadTimeout())), pytest.raises(Uncertain):
        channel(cache=cache).send(message())
    with twilio(listing(lately())):
        assert channel(cache=cache).reconcile(message()) == DeliveryResult(SID)


# what was never pushed


def inbound(**changes: Any) -> dict[str, Any]:
    return made(direction="inbound", status="received", **{"from": CUSTOMER, "to": OURS, "body": "你好", **changes})


def test_the_list_brings_what_a_push_would_have() -> None:
    rows = [inbound(), made(sid=OTHER, body="ours"), inbound(sid="SM" + "5" * 32, body="退订")]
    with twilio(listing(*rows)) as calls:
        events = list(channel().poll())
    assert "To=%2B85230001000" in calls[0].request.url and "DateSent%3E=" in calls[0].request.url
    [first, second, change] = events
    pushed = channel().parse(wrote())[0]
    assert isinstance(first, InboundMessage) and isinstance(change, Presence)
    assert (first.key, first.sender, first.text) == (pushed.key, pushed.sender, pushed.text)
    assert (second.text, change.key) == ("退订", f"{second.key}:opted_out")
    assert first.sent_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


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
        assert [event.key for event in channel().poll()] == [SID, OTHER]


def test_pictures_of_the_list() -> None:
    files = {"media_list": [{"sid": FILE, "content_type": "image/png", "parent_sid": SID}], "next_page_uri": None}
    with twilio(listing(inbound(num_media="1", body="")), answer("GET", f"Messages/{SID}/Media.json", json=files)):
        [event] = channel().poll()
    assert (event.kind, event.attachments) == ("image", (Attachment("image", f"{SID}/{FILE}/image/png"),))


def test_a_list_of_a_messaging_service_has_what_is_its_own() -> None:
    service = "MG" + "4" * 32
    rows = [inbound(messaging_service_sid=service), inbound(sid=OTHER)]
    with twilio(listing(*rows)) as calls:
        events = list(channel(**{"from": ""}, messaging_service_sid=service).poll())
    assert [event.key for event in events] == [SID] and "To=" not in calls[0].request.url


def test_a_list_that_is_refused() -> None:
    with twilio(answer("GET", "Messages.json", 401, json={"code": 20003})), pytest.raises(Misconfigured):
        list(channel().poll())


# files


def photo(ref: str = f"{SID}/{FILE}/image/png") -> Attachment:
    return Attachment("image", ref)


def test_a_picture_comes_with_our_login() -> None:
    with twilio(answer("GET", f"Messages/{SID}/Media/{FILE}", body=PNG)) as calls:
        file = channel().fetch(photo())
    assert (file.mime, file.content, file.name) == ("image/png", PNG, "image.png")
    assert calls[0].request.headers["Authorization"].startswith("Basic ")


def test_from_where_twilio_keeps_it_without_our_login(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def fetch(url: str, limit: int, seconds: float) -> bytes:
        asked.append((url, limit, seconds))
        return PNG

    monkeypatch.setattr("channels.strangers.fetch", fetch)
    place = "https://media.twiliocdn.com/x?signature=1"
    with twilio(answer("GET", f"Messages/{SID}/Media/{FILE}", 307, headers={"Location": place})) as calls:
        assert channel().fetch(photo()).content == PNG
    assert len(calls) == 1 and asked == [(place, 5 * 1024 * 1024, ANY)]


@pytest.mark.parametrize("place", ["http://media.test/x", "file:///etc/passwd", "https://", "ftp://x/y"])
def test_a_place_that_is_not_safe(place: str) -> None:
    moved = answer("GET", f"Messages/{SID}/Media/{FILE}", 302, headers={"Location": place})
    with twilio(moved), pytest.raises(Refused):
        channel().fetch(photo())


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Unreachable), (503, Unreachable), (401, Misconfigured), (429, Throttled)]
)
def test_a_picture_that_cannot_be_had(status: int, kind: type[SendError]) -> None:
    with twilio(answer("GET", f"Messages/{SID}/Media/{FILE}", status, body="")), pytest.raises(SendError) as failure:
        channel().fetch(photo())
    assert failure.type is kind


@pytest.mark.parametrize("ref", ["", "../../x", f"{SID}/{FILE}", "https://evil.test/"])
def test_what_is_no_file_of_twilios(ref: str) -> None:
    with twilio(), pytest.raises(Refused):
        channel().fetch(photo(ref))


# numbers


@pytest.mark.parametrize("written", ["+852 5123 0001", "0085251230001", "+852-5123-0001", "+852(5123)0001"])
def test_numbers_as_agents_write_them(written: str) -> None:
    assert channel().address(written) == ANNA


@pytest.mark.parametrize("written", ["51230001", "+0123", "anna", "", "+852512300019999999"])
def test_what_is_no_number(written: str) -> None:
    with pytest.raises(ValueError, match="with \\+ and its country"):
        channel().address(written)


def test_our_own_number() -> None:
    assert channel().is_own(OURS) and not channel().is_own(CUSTOMER)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account_sid": "AC1"}, "pattern"),
        ({"from": ""}, "one of from and messaging_service_sid"),
        ({"messaging_service_sid": "MG" + "4" * 32}, "one of from and messaging_service_sid"),
        ({"from": "+0"}, "not a number to send from"),
        ({"api_secret": ""}, "never as itself"),
        ({"api_key": ""}, "belong together"),
        ({"countries": ["852"]}, "how the numbers of a country begin"),
        ({"api_base": "ftp://x"}, "not the address of an API"),
        ({"cap": {"count": 0, "within": "1h"}}, "greater than or equal to 1"),
        ({"webhook_url": "https://x"}, "Extra inputs"),
    ],
)
def test_settings_say_what_is_wrong(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make_channel(KIND, **changes)


def test_the_simulator_is_a_setting() -> None:
    with responses.RequestsMock() as mock:
        mock.add("POST", f"http://127.0.0.1:9/2010-04-01/Accounts/{ACCOUNT}/Messages.json", status=201, json=made())
        assert channel(api_base="http://127.0.0.1:9").send(message()) == DeliveryResult(SID)


def test_the_environment_of_the_process_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TWILIO_REGION": "au1", "TWILIO_EDGE": "sydney", "TWILIO_ACCOUNT_SID": "AC9"}.items():
        monkeypatch.setenv(name, value)
    with twilio(taken()):
        channel().send(message())
