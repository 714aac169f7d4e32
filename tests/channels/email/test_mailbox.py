"""Mail is read from a cursor on, oldest first, as raw as it came, and whatever the server does none is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Timer
from time import monotonic
from typing import Any

import pytest

from channels.contract import WebhookRequest
from channels.email.imap import Credentials, Imap
from channels.email.mailbox import LARGEST_MAIL, Cursor, Mailbox
from channels.errors import Misconfigured, Unreachable
from channels.http import Http
from tests.channels.cases import DictCache
from tests.channels.email.conftest import Settings
from tests.channels.email.servers import ImapServer

NO_TIME = timedelta(0)
Open = Callable[..., Mailbox]


def raw(number: int, more: bytes = b"") -> bytes:
    return b"Message-ID: <%d@customer.test>\r\nSubject: %d\r\n\r\nline\r\n%s" % (number, number, more)


@pytest.fixture
def mailbox(written: Settings) -> Iterator[Open]:
    opened: list[Mailbox] = []

    def make(port: int, **settings: Any) -> Mailbox:
        ours, cache = written(port, **settings), DictCache()
        opened.append(Mailbox(ours, Imap(ours, Credentials(ours, Http(), cache), cache)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def box(imap: ImapServer, folder: str, mailbox: Open) -> Mailbox:
    return mailbox(imap.port, folder=folder)


def bodies(read: list[tuple[str, WebhookRequest]]) -> list[bytes]:
    return [request.body for _, request in read]


def test_mail_comes_oldest_first_and_byte_for_byte(box: Mailbox, imap: ImapServer, folder: str) -> None:
    mails = [raw(1), raw(2, b"8 bits: \xff\xfe\r\n.\r\n"), raw(3, b"x" * 3000)]
    imap.append(*mails, folder=folder, date='"01-Feb-2026 03:04:05 +0800"')
    read = list(box.receive("", NO_TIME))
    assert bodies(read) == mails
    validity, last = read[-1][0].partition("@")[0].split(":")
    assert [request.query for _, request in read] == [
        {
            "uidvalidity": validity,
            "uid": str(int(last) - 2 + n),
            "size": str(len(mail)),
            "arrived": "2026-01-31T19:04:05+00:00",
            "old": "1",
        }
        for n, mail in zip(range(3), mails, strict=True)
    ]
    assert {request.method for _, request in read} == {"IMAP"}
    assert list(box.receive(read[-1][0], NO_TIME)) == []


def test_reading_goes_on_behind_any_cursor(imap: ImapServer, folder: str, mailbox: Open) -> None:
    imap.append(*map(raw, range(7)), folder=folder)
    after = ""
    for number in range(7):  # each by a process of its own, that dies after one mail
        box = mailbox(imap.port, folder=folder)
        reading = box.receive(after, NO_TIME)
        after, request = next(reading)
        reading.close()
        assert request.body == raw(number)
    assert list(mailbox(imap.port, folder=folder).receive(after, NO_TIME)) == []
    assert after.count(":") == 1


def test_new_mail_does_not_wait_for_what_was_there_before(imap: ImapServer, folder: str, mailbox: Open) -> None:
    imap.append(*map(raw, range(60)), folder=folder)
    box = mailbox(imap.port, folder=folder)
    reading = box.receive("", NO_TIME)
    first = list(islice(reading, 50))
    imap.append(raw(60), folder=folder)
    rest = list(reading)
    assert bodies(first) + bodies(rest) == [raw(n) for n in (*range(50), 60, *range(50, 60))]
    resumed = mailbox(imap.port, folder=folder).receive(rest[3][0], NO_TIME)
    assert bodies(list(resumed)) == bodies(rest[4:])


def test_mail_stays_unseen(box: Mailbox, imap: ImapServer, folder: str) -> None:
    imap.append(raw(1), folder=folder)
    assert len(list(box.receive("", NO_TIME))) == 1
    client = imap.client()
    client.select(folder, readonly=True)
    assert client.search(None, "UNSEEN") == ("OK", [b"1"])
    client.logout()


def test_a_mail_that_comes_while_we_wait_is_there_at_once(box: Mailbox, imap: ImapServer, folder: str) -> None:
    imap.append(raw(1), folder=folder)
    [(after, _)] = list(box.receive("", NO_TIME))
    arrived: list[float] = []

    def arrive() -> None:
        imap.append(raw(2), folder=folder)
        arrived.append(monotonic())

    timer = Timer(0.3, arrive)
    timer.start()
    reading = box.receive(after, timedelta(seconds=20))
    _, request = next(reading)
    late = monotonic()
    timer.join()
    reading.close()
    assert request.body == raw(2)
    assert late - arrived[0] < 2


def test_waiting_ends_when_patience_does(box: Mailbox) -> None:
    started = monotonic()
    assert list(box.receive("", timedelta(seconds=0.5))) == []
    assert 0.4 < monotonic() - started < 3


def test_one_connection_serves_many_calls(box: Mailbox, imap: ImapServer, folder: str) -> None:
    after = ""
    connections = set()
    for number in range(3):
        imap.append(raw(number), folder=folder)
        [(after, request)] = list(box.receive(after, NO_TIME))
        assert request.body == raw(number)
        assert box._box
        connections.add(box._box.client.sock.getsockname())
    assert len(connections) == 1
    assert box._box
    box._box.client.sock.close()
    imap.append(raw(3), folder=folder)
    assert bodies(list(box.receive(after, NO_TIME))) == [raw(3)]


def test_mail_from_before_the_start_date_is_not_read(imap: ImapServer, folder: str, mailbox: Open) -> None:
    imap.append(raw(1), folder=folder, date='"01-Feb-2025 12:00:00 +0000"')
    imap.append(raw(2), folder=folder, date='"01-Feb-2026 12:00:00 +0000"')
    box = mailbox(imap.port, folder=folder, since="2026-01-01")
    assert bodies(list(box.receive("", NO_TIME))) == [raw(2)]


def test_a_renumbered_folder_is_read_again_for_its_latest_days(
    imap: ImapServer, folder: str, mailbox: Open, caplog: pytest.LogCaptureFixture
) -> None:
    imap.append(raw(1), folder=folder, date='"01-Feb-2020 12:00:00 +0000"')
    imap.append(raw(2), folder=folder)
    box = mailbox(imap.port, folder=folder)
    with caplog.at_level(logging.WARNING):
        read = list(box.receive("1:2", NO_TIME))
    assert bodies(read) == [raw(2)]
    assert "renumbered" in caplog.text
    assert list(box.receive(read[-1][0], NO_TIME)) == []


def test_mail_deleted_while_we_read_is_passed_over(imap: ImapServer, folder: str, mailbox: Open) -> None:
    imap.append(*map(raw, range(60)), folder=folder)
    reading = mailbox(imap.port, folder=folder).receive("", NO_TIME)
    first = list(islice(reading, 50))
    client = imap.client()
    client.select(folder)
    client.store("52:60", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.logout()
    assert bodies(first + list(reading)) == [raw(number) for number in range(51)]


def test_of_a_huge_mail_only_the_headers_come(imap: ImapServer, folder: str, mailbox: Open) -> None:
    huge = raw(1, b"x" * 70 + b"\r\n") + b"y" * LARGEST_MAIL
    imap.append(huge, folder=folder)
    imap.append(raw(2), folder=folder)
    [(_, cut), (_, whole)] = list(mailbox(imap.port, folder=folder).receive("", NO_TIME))
    assert cut.body == b"Message-ID: <1@customer.test>\r\nSubject: 1\r\n\r\n"
    assert (cut.query["cut"], cut.query["size"]) == ("too_large", str(len(huge)))
    assert (whole.body, "cut" in whole.query) == (raw(2), False)


def test_many_mails_are_read_in_batches(dovecot: ImapServer, mailbox: Open) -> None:
    client = dovecot.client()
    client.create("crowd")
    for number in range(300):
        client.append("crowd", "", "", raw(number))
    client.logout()
    started = monotonic()
    read = list(mailbox(dovecot.port, folder="crowd").receive("", NO_TIME))
    assert bodies(read) == [raw(number) for number in range(300)]
    assert monotonic() - started < 2


def test_a_password_refused_three_times_stops_the_channel(imap: ImapServer, mailbox: Open) -> None:
    box = mailbox(imap.port, password="env:TEST_MAIL_WRONG")
    for _ in range(2):
        with pytest.raises(Unreachable):
            next(box.receive("", NO_TIME))
    with pytest.raises(Misconfigured, match=r"does not let us in\. Check settings\.username") as failure:
        next(box.receive("", NO_TIME))
    assert "not-the-password" not in str(failure.value)


def test_a_missing_folder_is_named_with_those_there_are(imap: ImapServer, mailbox: Open) -> None:
    with pytest.raises(Misconfigured, match=r"there is no folder 'nowhere'; there are: .*INBOX"):
        next(mailbox(imap.port, folder="nowhere").receive("", NO_TIME))


def test_a_server_that_is_not_there_is_unreachable(mailbox: Open) -> None:
    with pytest.raises(Unreachable, match=r"no connection to 127\.0\.0\.1:1"):
        next(mailbox(1).receive("", NO_TIME))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_certificates_are_checked(
    dovecot: ImapServer, mailbox: Open, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = dovecot.tls_port if security == "tls" else dovecot.port
    box = mailbox(port, imap_security=security, imap_host="localhost")
    with pytest.raises(Misconfigured, match="certificate of localhost is not to be trusted: self-signed"):
        next(box.receive("", NO_TIME))
    monkeypatch.setenv("SSL_CERT_FILE", dovecot.certificate)
    for _, request in box.receive("", NO_TIME):
        assert request.method == "IMAP"


def test_a_cursor_is_what_it_was() -> None:
    for text in ("7:12", "7:12:3:9"):
        assert str(Cursor.read(text)) == text
    assert Cursor.read("") is None
    with pytest.raises(ValueError, match="no cursor of a mailbox: 'x'"):
        Cursor.read("x")


def test_dates_of_arrival_are_utc(box: Mailbox, imap: ImapServer, folder: str) -> None:
    imap.append(raw(1), folder=folder)
    [(_, request)] = list(box.receive("", NO_TIME))
    arrived = datetime.fromisoformat(request.query["arrived"])
    assert abs(datetime.now(UTC) - arrived) < timedelta(minutes=1)
