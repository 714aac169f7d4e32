"""The mailbox by IMAP: what mail clients ask of it, and what a hostile or careless one gets."""

from __future__ import annotations

import imaplib
import socket
import time

import pytest

from tests.simulator.driving import Simulator, wait_until
from tests.simulator.mailing import PASSWORD, SUPPORT, MailWorld

PLAIN = b"From: a@customer.example\r\nSubject: one\r\nMessage-ID: <one@customer.example>\r\n\r\nfirst line\r\n"


def asked(client: imaplib.IMAP4, *words: str) -> bytes:
    return bytes(client.uid("SEARCH", *words)[1][0])


def test_who_may_log_in(mail: MailWorld) -> None:
    with mail.visitor() as client:
        assert {"IDLE", "UIDPLUS", "LITERAL+", "ID", "SPECIAL-USE"} <= set(client.capabilities)
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(SUPPORT, "wrong")
        client.send(b"q1 SELECT INBOX\r\n")
        assert client.readline() == b"q1 BAD log in first\r\n"
        assert client.login(SUPPORT.upper(), PASSWORD)[0] == "OK"
        assert client.select("inbox") == ("OK", [b"0"])


def test_a_mail_is_pushed_to_whoever_waits(mail: MailWorld) -> None:
    with mail.imap() as client, mail.imap() as other:
        for each in (client, other):
            each.send(b"i1 IDLE\r\n")
            assert each.readline().startswith(b"+ ")
        started = time.monotonic()
        mail.writes(subject="在吗")
        assert [each.readline() for each in (client, other)] == [b"* 1 EXISTS\r\n"] * 2
        assert time.monotonic() - started < 1
        client.send(b"DONE\r\n")
        assert client.readline().startswith(b"i1 OK")
        assert asked(client, "ALL") == b"1"


def test_a_mail_comes_byte_by_byte_and_stays_unseen(mail: MailWorld) -> None:
    hostile = PLAIN.replace(b"one\r\n", b"\xff\x00\r\n") + b'Content-Type: multipart/x; boundary="' + b"\r\n.\r\n(\n"
    mail.inject(hostile)
    with mail.imap() as client:
        _, [(line, raw), _] = client.uid("FETCH", "1", "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[])")
        assert (raw, f"RFC822.SIZE {len(hostile)}".encode() in line) == (hostile, True)
        assert client.uid("FETCH", "1", "(FLAGS)")[1] == [b"1 (UID 1 FLAGS ())"]
        client.uid("FETCH", "1", "(BODY[])")
        assert client.uid("FETCH", "1", "(FLAGS)")[1] == [rb"1 (UID 1 FLAGS (\Seen))"]


@pytest.mark.parametrize(
    ("section", "content"),
    [
        ("BODY.PEEK[HEADER]", PLAIN.partition(b"first")[0]),
        ("BODY.PEEK[TEXT]", b"first line\r\n"),
        ("BODY.PEEK[]<6.4>", b"a@cu"),
        ("BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]", b"Message-ID: <one@customer.example>\r\n\r\n"),
        ("BODY.PEEK[HEADER.FIELDS.NOT (message-id from)]", b"Subject: one\r\n\r\n"),
    ],
)
def test_parts_of_a_mail(mail: MailWorld, section: str, content: bytes) -> None:
    mail.inject(PLAIN)
    with mail.imap() as client:
        assert client.uid("FETCH", "1", f"({section})")[1][0][1] == content


def test_what_can_be_searched_for(mail: MailWorld) -> None:
    for number in range(1, 4):
        mail.inject(PLAIN.replace(b"one", str(number).encode()))
    with mail.imap() as client:
        assert asked(client, "HEADER Message-ID", '"<2@customer.example>"') == b"2"
        assert [
            asked(client, words) for words in ("UID 2:*", "UID 9:*", "UID 1,3", "SUBJECT 3", "SINCE 1-Jan-2020")
        ] == [
            *(b"2 3", b"3", b"1 3", b"3", b"1 2 3"),
        ]
        assert asked(client, "SINCE 1-Jan-2120") == b""
        client.uid("STORE", "1", "+FLAGS", r"(\Seen)")
        assert [asked(client, "UNSEEN"), asked(client, "SEEN")] == [b"2 3", b"1"]
        with pytest.raises(imaplib.IMAP4.error, match="SEARCH LARGER"):
            client.uid("SEARCH", "LARGER 1")
        assert asked(client, "ALL") == b"1 2 3"  # and the connection goes on


def test_sent_mail_is_filed(mail: MailWorld) -> None:
    with mail.imap() as client:
        folders = [line.decode() for line in client.list()[1] if isinstance(line, bytes)]
        assert [line for line in folders if r"\Sent" in line] == [r'(\HasNoChildren \Sent) "/" "Sent"']
        when = imaplib.Time2Internaldate(1_700_000_000)
        kind, told = client.append("Sent", r"(\Seen)", when, PLAIN)
        assert (kind, told[0].split()[0], told[0].split()[2]) == ("OK", b"[APPENDUID", b"1]")
        client.select("Sent")
        assert client.uid("FETCH", "1", "(FLAGS INTERNALDATE)")[1] == [
            rb'1 (UID 1 FLAGS (\Seen) INTERNALDATE "14-Nov-2023 22:13:20 +0000")'
        ]
        assert client.append("Nowhere", "", when, PLAIN)[1] == [b"[TRYCREATE] there is no such folder"]
        assert client.create("Nowhere")[0] == client.append("Nowhere", "", when, PLAIN)[0] == "OK"


def test_a_literal_that_does_not_wait(mail: MailWorld) -> None:
    with mail.imap() as client:
        client.send(b"x1 APPEND Sent {%d+}\r\n%b\r\n" % (len(PLAIN), PLAIN))
        assert client.readline().startswith(b"x1 OK [APPENDUID")
    assert mail.inbox("Sent") == [PLAIN]


def test_what_is_deleted_is_gone_for_every_connection(mail: MailWorld) -> None:
    for _ in range(3):
        mail.inject(PLAIN)
    with mail.imap() as client, mail.imap() as other:
        client.uid("STORE", "1:2", "+FLAGS.SILENT", r"(\Deleted)")
        client.uid("EXPUNGE", "2")
        assert asked(client, "ALL") == b"1 3"
        other.noop()
        assert other.response("EXPUNGE")[1] == [b"2"]
        client.expunge()
        assert asked(client, "ALL") == b"3"


def test_a_large_mail(mail: MailWorld) -> None:
    large = PLAIN + (b"x" * 76 + b"\r\n") * (25 * 1024 * 1024 // 78)
    mail.inject(large)
    with mail.imap() as client:
        assert client.uid("FETCH", "1", "(BODY.PEEK[])")[1][0][1] == large


def test_a_reset_gives_the_folder_new_numbers(mail: MailWorld, simulator: Simulator) -> None:
    mail.inject(PLAIN)
    with mail.imap() as client:
        before = client.response("UIDVALIDITY")[1]
        simulator.post("/_sim/reset")
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            client.noop()
    with mail.imap() as client:
        assert client.response("UIDVALIDITY")[1] > before
        assert asked(client, "ALL") == b""


def test_a_client_that_talks_nonsense_does_no_harm(mail: MailWorld) -> None:
    for nonsense in (
        b"\r\n",
        b"a1\r\n",
        b"a1 UID\r\n",
        b"a1 LOGIN ((\r\n",
        b'a1 LOGIN "\r\n',
        b"a1 LOGIN {99999999999}\r\n",
        b"\x00\xff\r\n",
    ):
        with socket.create_connection(("127.0.0.1", mail.ports.imap), timeout=10) as sock:
            sock.recv(1024)
            sock.sendall(nonsense)
            sock.shutdown(socket.SHUT_WR)
            while sock_read(sock):
                pass
    wait_until(lambda: mail.inbox() == [])


def sock_read(sock: socket.socket) -> bytes:
    try:
        return sock.recv(1024)
    except ConnectionResetError:
        return b""
