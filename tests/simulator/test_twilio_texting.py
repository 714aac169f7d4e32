"""What people text to a number of Twilio's: told to the hub, answered by it, and what STOP and START do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.simulator.driving import Simulator, wait_until
from tests.simulator.texting import ACCOUNT, ALEX, HONG, KEY, MING, OURS, PNG, SECRET, SERVICE, Phones, texting


@pytest.fixture
def phones(simulator: Simulator) -> Iterator[Phones]:
    with texting(simulator) as world:
        yield world


def twiml(*verbs: str) -> tuple[int, str, str]:
    return 200, "text/xml; charset=utf-8", f"<Response>{''.join(verbs)}</Response>"


def test_a_text_as_the_hub_is_told(phones: Phones) -> None:
    text = phones.write(" 在吗？+&= ")
    [posted] = phones.hub.at("/hooks/sms")
    assert phones.hub.signed(posted)
    assert posted.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert posted.headers["I-Twilio-Idempotency-Token"]
    form = posted.form
    assert form.pop("MessageSid") == form.pop("SmsSid") == form.pop("SmsMessageSid") == text["sid"]
    assert {name: value for name, value in form.items() if value} == {
        "ToCountry": "HK",
        "NumMedia": "0",
        "SmsStatus": "received",
        "Body": " 在吗？+&= ",
        "FromCountry": "HK",
        "To": OURS,
        "NumSegments": "1",
        "AccountSid": ACCOUNT,
        "From": MING,
        "ApiVersion": "2010-04-01",
    }
    assert (text["from"], text["peer"], text["push"]) == ("customer", OURS, {"outcome": "delivered", "reason": None})
    listed = phones.message(text["sid"])
    assert (listed["direction"], listed["status"], listed["body"]) == ("inbound", "received", " 在吗？+&= ")


def test_the_texts_of_one_person_keep_their_order(phones: Phones) -> None:
    phones.hub.slow = 0.05
    for number in range(5):
        phones.write(str(number), wait=0)
    wait_until(lambda: len(phones.hub.posted) == 5)
    assert [each.form["Body"] for each in phones.hub.posted] == list("01234")


def test_the_hub_may_answer_at_once(phones: Phones) -> None:
    phones.hub.answers = [twiml("<Message>一</Message>", "<Message><Body>二</Body></Message>")]
    phones.write()
    wait_until(lambda: phones.read() == ["一", "二"])
    answers = phones.rest("GET", "Messages.json", To=MING).json()["messages"]
    assert {each["direction"] for each in answers} == {"outbound-reply"}


@pytest.mark.parametrize("answer", [(200, "text/xml", "<Response/>"), (204, "", ""), (200, "text/html", "")])
def test_the_hub_may_have_nothing_to_say(phones: Phones, answer: tuple[int, str, str]) -> None:
    phones.hub.answers = [answer]
    assert phones.write()["push"]["outcome"] == "delivered"
    assert phones.read() == []


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        ((500, "text/html", "no"), 11200, "HTTP 500"),
        ((302, "text/html", ""), 11200, "HTTP 302"),
        ((0, "", ""), 11200, "connection cut"),
        ((200, "text/xml", "<Response>"), 12100, "not XML"),
        ((200, "text/html", "<Response/>"), 12300, "Content-Type 'text/html'"),
        (twiml("<Say>x</Say>"), 12200, "a Response of Messages is all that is known here"),
    ],
)
def test_an_answer_that_is_none_and_the_fallback(
    phones: Phones, answer: tuple[int, str, str], code: int, reason: str
) -> None:
    phones.hub.answers = [answer]
    assert phones.write()["push"] == {"outcome": "failed", "reason": reason}
    phones.number(SmsFallbackUrl=f"{phones.hub.url}/fallback")
    phones.hub.answers = [answer, twiml("<Message>稍后回复</Message>")]
    assert phones.write()["push"] == {"outcome": "delivered", "reason": None}
    [posted] = phones.hub.at("/fallback")
    assert phones.hub.signed(posted)
    assert (posted.form["ErrorCode"], posted.form["ErrorUrl"]) == (str(code), f"{phones.hub.url}/hooks/sms")
    unusable = phones.callbacks(outcome="unusable") + phones.callbacks(outcome="unanswered")
    assert {each.get("code", 11200) for each in unusable} == {code}


def test_stop_blocks_a_number_for_one_person_until_start(phones: Phones) -> None:
    phones.write(" Stop ")
    wait_until(lambda: len(phones.read()) == 1)
    assert "unsubscribed" in phones.read()[0]
    assert phones.hub.posted[0].form["Body"] == " Stop "
    assert "OptOutType" not in phones.hub.posted[0].form
    assert phones.create().json()["code"] == 21610
    assert phones.create(To=ALEX).status_code == 201

    phones.hub.answers = [twiml("<Message>还在吗</Message>")]
    phones.write("STOPALL")  # said again it changes nothing, and nobody answers
    phones.write("不要")
    assert len(phones.read()) == 1

    phones.write("start")
    wait_until(lambda: len(phones.read()) == 2)
    assert "re-subscribed" in phones.read()[1]
    assert phones.create().status_code == 201


@pytest.mark.parametrize("word", ["STOP", "stopall", "Unsubscribe", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"])
def test_words_for_leaving(phones: Phones, word: str) -> None:
    phones.write(f"{word} it")
    assert phones.create().status_code == 201
    phones.write(word)
    assert phones.create().json()["code"] == 21610


def test_help_is_answered_each_time(phones: Phones) -> None:
    phones.write("HELP")
    phones.write("info")
    wait_until(lambda: len(phones.read()) == 2)


def test_opting_out_by_the_test(phones: Phones) -> None:
    phones.simulator.post(f"/_sim/phones/{MING}/opt_out", {"to": OURS})
    assert phones.create().json()["code"] == 21610
    phones.simulator.post(f"/_sim/phones/{MING}/opt_out", {"to": OURS, "out": False})
    assert phones.create().status_code == 201


@pytest.mark.parametrize(
    ("by", "to", "text"), [(HONG, OURS, "在吗"), (MING, "+85299999999", "在吗"), (MING, OURS, "a" * 1601)]
)
def test_what_no_phone_could_do(phones: Phones, by: str, to: str, text: str) -> None:
    answer = requests.post(f"{phones.simulator.url}/_sim/phones/{by}/texts", json={"to": to, "text": text}, timeout=5)
    assert answer.status_code == 409
    assert answer.json()["error"]
    assert phones.texts(by) == []


def test_a_messaging_service_says_how_it_understood(phones: Phones) -> None:
    phones.service(inbound_url=f"{phones.hub.url}/hooks/service", advanced_opt_out=True)
    phones.write("STOP")
    phones.write("在吗")
    stop, other = (each.form for each in phones.hub.at("/hooks/service"))
    assert (stop["MessagingServiceSid"], stop["OptOutType"]) == (SERVICE, "STOP")
    assert "OptOutType" not in other
    assert phones.create(From="", MessagingServiceSid=SERVICE).json()["code"] == 21610


def test_a_picture_waits_behind_a_login_and_elsewhere(phones: Phones) -> None:
    text = phones.write_file(PNG, text="看").json()
    form = phones.hub.posted[0].form
    assert (form["NumMedia"], form["MediaContentType0"], form["Body"]) == ("1", "image/png", "看")
    assert form["MessageSid"].startswith("MM")
    url = form["MediaUrl0"]
    assert url.startswith(
        f"{phones.simulator.url}/2010-04-01/Accounts/{ACCOUNT}/Messages/{form['MessageSid']}/Media/ME"
    )
    assert requests.get(url, timeout=5).status_code == 401
    sent = requests.get(url, auth=(KEY, SECRET), timeout=5, allow_redirects=False)
    assert sent.status_code == 307
    place = sent.headers["Location"]
    assert not place.startswith(phones.simulator.url)
    assert requests.get(place, auth=(KEY, SECRET), timeout=5).status_code == 400
    there = requests.get(place, timeout=5)
    assert (there.content, there.headers["Content-Type"]) == (PNG, "image/png")
    phones.simulator.advance(5 * 3600)
    assert requests.get(place, timeout=5).status_code == 403
    assert requests.get(phones.simulator.url + text["media"][0]["url"], timeout=5).content == PNG


def test_files_of_a_message_are_listed_and_can_go(phones: Phones) -> None:
    phones.write_file(b"BEGIN:VCARD", "a.vcf", "text/vcard")
    sid = phones.hub.posted[0].form["MessageSid"]
    [media] = phones.rest("GET", f"Messages/{sid}/Media.json").json()["media_list"]
    assert (media["content_type"], media["parent_sid"]) == ("text/vcard", sid)
    path = f"Messages/{sid}/Media/{media['sid']}"
    assert phones.rest("GET", f"{path}.json").json()["sid"] == media["sid"]
    assert phones.rest("DELETE", path).status_code == 204
    assert phones.rest("GET", path).json()["code"] == 20404
    assert phones.message(sid)["num_media"] == "0"


def test_files_can_fail_to_come(phones: Phones) -> None:
    phones.write_file(PNG)
    path = phones.hub.posted[0].form["MediaUrl0"].partition(f"{ACCOUNT}/")[2]
    phones.fails("GET Messages/*/Media/*", "errcode", errcode=20404)
    assert [phones.rest("GET", path).status_code for _ in range(2)] == [404, 307]


def test_files_of_the_hub_are_fetched_before_they_go(phones: Phones) -> None:
    phones.hub.files["/files/a.png"] = "image/png", PNG
    made = phones.send(MediaUrl=f"{phones.hub.url}/files/a.png")
    assert made["sid"].startswith("MM")
    phones.ended(made["sid"])
    [text] = phones.texts()
    assert requests.get(phones.simulator.url + text["media"][0]["url"], timeout=5).content == PNG
    assert phones.message(made["sid"])["num_media"] == "1"


@pytest.mark.parametrize(
    ("mime", "content", "code"),
    [
        ("text/html", b"<p>", 12300),
        ("image/png", bytes(5 * 1024 * 1024 + 1), 11751),
        ("video/mp4", bytes(600 * 1024), 11751),
        ("", b"", 11200),
    ],
)
def test_files_that_twilio_does_not_take(phones: Phones, mime: str, content: bytes, code: int) -> None:
    if mime:
        phones.hub.files["/files/a"] = mime, content
    made = phones.send(MediaUrl=f"{phones.hub.url}/files/a")
    assert phones.ended(made["sid"], "failed")["error_code"] == code
    assert phones.texts() == []


def test_a_file_of_the_internet_is_not_fetched(phones: Phones) -> None:
    made = phones.send(MediaUrl="https://cdn.example.com/a.png")
    assert phones.ended(made["sid"], "failed")["error_code"] == 11200


def test_a_phone_can_be_followed(phones: Phones) -> None:
    path = f"/_sim/phones/{MING}/texts"
    before = phones.simulator.get(path)
    assert before["peers"] == [{"number": OURS, "name": "驿站小店", "media": True}]
    phones.write("一")
    news = phones.simulator.get(path, since=before["rev"], boot=before["boot"], wait=5)
    assert [item["text"] for item in news["items"]] == ["一"]
    assert phones.simulator.get(path, since=news["rev"], boot=news["boot"], wait=0.2)["items"] == []


def test_people_can_be_added(phones: Phones) -> None:
    known = {each["number"]: each["name"] for each in phones.simulator.get("/_sim/phones")["items"]}
    assert known == {MING: "小明", HONG: "小红", ALEX: "Alex"}
    guests = [phones.simulator.post("/_sim/phones", {"name": "访客"}) for _ in range(2)]
    assert len({guest["number"] for guest in guests} - known.keys()) == 2
    assert guests[0]["unionid"].startswith("u")
    phones.write("在吗", by=guests[0]["number"])
    assert phones.hub.posted[0].form["From"] == guests[0]["number"]
