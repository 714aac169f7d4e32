"""Twilio's REST API of messages: who may ask, what is refused, what becomes of a message, lists and their pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.simulator.driving import Simulator, wait_until
from tests.simulator.texting import (
    ACCOUNT,
    ALEX,
    KEY,
    MING,
    NUMBER_SID,
    OURS,
    SECRET,
    SERVICE,
    TOKEN,
    Phones,
    texting,
)

RFC_2822 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} \+0000")


@pytest.fixture
def phones(simulator: Simulator) -> Iterator[Phones]:
    with texting(simulator) as world:
        yield world


def refused(answer: requests.Response) -> tuple[int, int]:
    told = answer.json()
    assert set(told) == {"code", "message", "more_info", "status"}
    assert told["more_info"] == f"https://www.twilio.com/docs/errors/{told['code']}"
    assert told["status"] == answer.status_code
    return answer.status_code, told["code"]


@pytest.mark.parametrize("login", [(ACCOUNT, TOKEN), (KEY, SECRET)])
def test_who_may_ask(phones: Phones, login: tuple[str, str]) -> None:
    assert phones.rest("GET", "Messages.json", login).status_code == 200


@pytest.mark.parametrize("login", [(ACCOUNT, "wrong"), (KEY, TOKEN), ("SKunknown", SECRET), ("", "")])
def test_who_may_not(phones: Phones, login: tuple[str, str]) -> None:
    assert refused(phones.rest("GET", "Messages.json", login)) == (401, 20003)
    assert refused(phones.rest("POST", "Messages.json", login)) == (401, 20003)


@pytest.mark.parametrize("path", ["Messages.json", "Messages/SM0.json", f"IncomingPhoneNumbers/{NUMBER_SID}.json"])
def test_another_account_is_not_there(phones: Phones, path: str) -> None:
    assert refused(phones.rest("GET", path, account="AC" + "0" * 32)) == (404, 20404)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "12"}, 21211),
        ({"To": "85251230001"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550002"}, 21612),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550009"}, 21614),
        ({"To": "+8613800138002"}, 21408),
        ({"To": OURS}, 21266),
        ({"From": ""}, 21603),
        ({"From": "shop"}, 21212),
        ({"From": "+15005550001"}, 21212),
        ({"From": "+85230009999"}, 21606),
        ({"From": "+15005550007"}, 21606),
        ({"From": "+15005550008"}, 21611),
        ({"From": "", "MessagingServiceSid": SERVICE}, 21701),
        ({"Body": ""}, 21602),
        ({"Body": "a" * 1601}, 21617),
        ({"Body": "好" * 1601}, 21617),
        ({"MediaUrl": "ftp://127.0.0.1/a.png"}, 21620),
        ({"MediaUrl": "a.png"}, 21620),
        ({"MediaUrl": ["http://127.0.0.1/a.png"] * 11}, 21623),
        ({"StatusCallback": "nowhere"}, 21609),
        ({"StatusCallback": "https://my_hub.example/x"}, 21609),
        ({"ScheduleType": "fixed", "SendAt": "2030-01-01T00:00:00Z"}, 35118),
    ],
)
def test_what_is_refused(phones: Phones, fields: dict[str, Any], code: int) -> None:
    assert refused(phones.create(**fields)) == (400, code)
    assert phones.rest("GET", "Messages.json").json()["messages"] == []
    assert phones.hub.posted == []


def test_a_message_as_it_is_made_and_as_it_ends(phones: Phones) -> None:
    made = phones.send(Body="好" * 71)
    assert re.fullmatch("SM[0-9a-f]{32}", made["sid"])
    assert RFC_2822.fullmatch(made["date_created"])
    shown = {name: made[name] for name in ("from", "to", "body", "status", "direction", "num_segments", "num_media")}
    assert shown == {
        "from": OURS,
        "to": MING,
        "body": "好" * 71,
        "status": "queued",
        "direction": "outbound-api",
        "num_segments": "2",
        "num_media": "0",
    }
    assert [made[name] for name in ("price", "error_code", "date_sent", "messaging_service_sid")] == [None] * 4
    assert made["uri"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{made['sid']}.json"
    assert RFC_2822.fullmatch(phones.ended(made["sid"])["date_sent"])
    assert phones.read() == ["好" * 71]
    phones.simulator.advance(60)
    wait_until(lambda: phones.message(made["sid"])["price"] == "-0.01500")


def test_reports_say_where_it_is_but_not_that_it_began(phones: Phones) -> None:
    made = phones.send()
    wait_until(lambda: len(phones.hub.posted) == 3)
    assert phones.statuses() == ["sending", "sent", "delivered"]
    [*_, last] = phones.hub.posted
    assert phones.hub.signed(last)
    assert last.form == {
        "SmsSid": made["sid"],
        "SmsStatus": "delivered",
        "MessageStatus": "delivered",
        "To": MING,
        "MessageSid": made["sid"],
        "AccountSid": ACCOUNT,
        "From": OURS,
        "ApiVersion": "2010-04-01",
    }


@pytest.mark.parametrize(
    ("script", "reports", "error", "arrives"),
    [
        ({"outcome": "undelivered"}, ["sending", "sent", "undelivered"], 30003, False),
        ({"outcome": "undelivered", "error": "30007"}, ["sending", "sent", "undelivered"], 30007, False),
        ({"outcome": "failed"}, ["failed"], 30008, False),
        ({"outcome": "sent"}, ["sending", "sent"], None, True),
        ({"callbacks": "reversed"}, ["delivered", "sent", "sending"], None, True),
        ({"callbacks": "twice"}, ["sending", "sending", "sent", "sent", "delivered", "delivered"], None, True),
        ({"callbacks": "lost"}, [], None, True),
    ],
)
def test_scripts(phones: Phones, script: dict[str, str], reports: list[str], error: int | None, arrives: bool) -> None:
    phones.script(**script)
    made = phones.send(Body="一")
    ended = phones.ended(made["sid"], script.get("outcome", "delivered"))
    assert ended["error_code"] == error
    wait_until(lambda: len(phones.statuses()) == len(reports))
    assert phones.statuses() == reports
    codes = {each.form["ErrorCode"] for each in phones.hub.posted if "ErrorCode" in each.form}
    assert codes == ({str(error)} if error else set())
    assert phones.read() == ["一"] * arrives


def test_a_number_that_needs_no_script(phones: Phones) -> None:
    assert phones.ended(phones.send(To="+15005553007")["sid"], "undelivered")["error_code"] == 30007
    assert phones.ended(phones.send(To="+15005554001")["sid"], "sent")


def test_reports_may_come_before_the_answer(phones: Phones) -> None:
    phones.script(callbacks="early")
    made = phones.send()
    assert phones.statuses() == ["sending", "sent", "delivered"]
    assert made["status"] == "queued"
    assert made["sid"] == phones.hub.posted[0].form["MessageSid"]


def test_a_message_can_lose_its_words_and_go_but_not_before_its_end(phones: Phones) -> None:
    phones.script(outcome="sent")
    going = f"Messages/{phones.ended(phones.send()['sid'], 'sent')['sid']}.json"
    assert refused(phones.rest("DELETE", going)) == (409, 20009)
    assert refused(phones.rest("POST", going, Body="")) == (409, 20009)
    assert refused(phones.rest("POST", going, Status="canceled")) == (409, 20409)
    gone = f"Messages/{phones.ended(phones.send(To=ALEX)['sid'])['sid']}.json"
    assert phones.rest("POST", gone, Body="").json()["body"] == ""
    assert phones.rest("DELETE", gone).status_code == 204
    assert refused(phones.rest("GET", gone)) == (404, 20404)


def test_a_service_decides_later_who_sends(phones: Phones) -> None:
    phones.service()
    made = phones.send(From="", MessagingServiceSid=SERVICE, Body="好" * 71)
    told = [made[name] for name in ("status", "from", "num_segments", "messaging_service_sid")]
    assert told == ["accepted", None, "0", SERVICE]
    ended = phones.ended(made["sid"])
    assert (ended["from"], ended["num_segments"]) == (OURS, "2")
    wait_until(lambda: phones.statuses() == ["queued", "sending", "sent", "delivered"])
    assert phones.hub.posted[0].form["MessagingServiceSid"] == SERVICE


def test_a_service_without_a_number_sends_nothing(phones: Phones) -> None:
    phones.service(numbers=[])
    assert refused(phones.create(From="", MessagingServiceSid=SERVICE)) == (400, 21703)


def test_a_scheduled_message_goes_in_time_or_is_taken_back(phones: Phones) -> None:
    phones.service()
    at = datetime.fromtimestamp(time.time() + 3600, UTC)
    planned = {"From": "", "MessagingServiceSid": SERVICE, "ScheduleType": "fixed", "SendAt": at.isoformat()}
    assert refused(phones.create(**{**planned, "SendAt": "soon"})) == (400, 35111)
    stays, goes = phones.send(**planned, Body="一"), phones.send(**planned, Body="二")
    assert (stays["status"], goes["status"]) == ("scheduled", "scheduled")
    taken_back = phones.rest("POST", f"Messages/{stays['sid']}.json", Status="canceled").json()
    assert taken_back["status"] == "canceled"
    wait_until(lambda: phones.statuses() == ["canceled"])
    phones.simulator.advance(3601)
    phones.ended(goes["sid"])
    assert phones.read() == ["二"]
    assert phones.message(stays["sid"])["status"] == "canceled"


def test_a_list_is_newest_first_and_can_be_narrowed(phones: Phones) -> None:
    one, two = (phones.ended(phones.send(To=to, Body=to)["sid"])["sid"] for to in (MING, ALEX))
    three = phones.write("三")["sid"]
    today = time.strftime("%Y-%m-%d", time.gmtime())

    def found(**query: str) -> list[str]:
        return [each["sid"] for each in phones.rest("GET", "Messages.json", **query).json()["messages"]]

    assert found() == [three, two, one]
    assert found(To=MING) == [one]
    assert found(From=MING) == found(To=OURS) == [three]
    assert found(DateSent=today) == found(**{"DateSent>": today}) == [three, two, one]
    assert found(DateSent="2020-02-02") == found(**{"DateSent<": "2020-02-02"}) == []
    assert found(**{"DateSent>": "2020-02-02T10:00:00Z", "To": ALEX}) == [two]
    assert refused(phones.rest("GET", "Messages.json", DateSent="yesterday")) == (400, 20001)


def test_pages_go_on_where_the_last_ended_whatever_comes_meanwhile(phones: Phones) -> None:
    made = [phones.create(Body=str(number)).json()["sid"] for number in range(5)][::-1]
    first = phones.rest("GET", "Messages.json", PageSize="2", To=MING).json()
    assert ([each["sid"] for each in first["messages"]], first["page"], first["page_size"]) == (made[:2], 0, 2)
    assert (first["start"], first["end"], first["previous_page_uri"]) == (0, 1, None)
    phones.create(Body="new")
    seen, page = first["messages"], first
    while page["next_page_uri"]:
        url = phones.simulator.url + page["next_page_uri"]
        page = requests.get(url, auth=(KEY, SECRET), timeout=10).json()
        seen += page["messages"]
    assert [each["sid"] for each in seen] == made
    assert page["page"] == 2


class Here(TwilioHttpClient):
    """Twilio's own library, turned to this machine."""

    def __init__(self, url: str):
        super().__init__(timeout=10)
        self.place = urlsplit(url)

    def request(self, method: str, url: str, *more: Any, **options: Any) -> Any:
        parts = urlsplit(url)
        there = urlunsplit((self.place.scheme, self.place.netloc, parts.path, parts.query, ""))
        return super().request(method, there, *more, **options)


def test_twilios_own_library_finds_its_way(phones: Phones) -> None:
    client = Client(KEY, SECRET, ACCOUNT, http_client=Here(phones.simulator.url), environment={"_": ""})
    made = client.messages.create(to=MING, from_=OURS, body="一")
    assert (made.status, made.price, made.num_segments) == ("queued", None, "1")
    for _ in range(3):
        client.messages.create(to=MING, from_=OURS, body="一")
    assert len(client.messages.list(to=MING, page_size=2)) == 4
    [number] = client.incoming_phone_numbers.list(phone_number=OURS)
    assert (number.sms_url, number.capabilities["sms"]) == (f"{phones.hub.url}/hooks/sms", True)
    number.update(sms_fallback_url="https://a.example/sms")
    assert client.incoming_phone_numbers(number.sid).fetch().sms_fallback_url == "https://a.example/sms"
    assert client.api.accounts(ACCOUNT).fetch().status == "active"


def test_a_number_keeps_its_addresses_if_one_is_none(phones: Phones) -> None:
    path = f"IncomingPhoneNumbers/{NUMBER_SID}.json"
    assert refused(phones.rest("POST", path, SmsUrl="nowhere", VoiceUrl="https://a.example/")) == (400, 21502)
    assert phones.rest("GET", path).json()["sms_url"] == f"{phones.hub.url}/hooks/sms"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "errcode", "errcode": 20429}, 429, 20429),
        ({"kind": "errcode", "errcode": 20003}, 401, 20003),
        ({"kind": "http", "status": 500}, 500, None),
        ({"kind": "http", "status": 503}, 503, None),
    ],
)
def test_failures_that_do_nothing(phones: Phones, fault: dict[str, Any], status: int, code: int | None) -> None:
    phones.fails("POST Messages.json", times=2, **fault)
    for answer in (phones.create(), phones.create()):
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("application/json" if code else "text/html")
        assert not code or answer.json()["code"] == code
    assert phones.create().status_code == 201
    assert len(phones.rest("GET", "Messages.json").json()["messages"]) == 1


def test_failures_after_the_message_was_taken(phones: Phones) -> None:
    phones.fails("POST Messages.json", "slow", seconds=0.4)
    started = time.monotonic()
    assert phones.create(Body="一").status_code == 201
    assert time.monotonic() - started >= 0.4
    phones.fails("POST Messages.json", "reset_after")
    with pytest.raises(requests.ConnectionError):
        phones.create(Body="二")
    listed = phones.rest("GET", "Messages.json").json()["messages"]
    assert [each["body"] for each in listed] == ["二", "一"]


def test_what_was_asked_is_in_the_log_without_secrets(phones: Phones) -> None:
    phones.create()
    phones.create(To="+15005550009")
    log = phones.simulator.get("/_sim/log", endpoint="POST Messages.json")
    assert [(each["status"], each["errcode"]) for each in log["items"]] == [(201, 0), (400, 21614)]
    assert SECRET not in str(log)
    assert "您好" not in str(log)
