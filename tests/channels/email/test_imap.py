"""What servers do to clients, and how none of it loses mail or stops the mailbox."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
import responses

from channels.email.imap import Credentials, Imap
from channels.email.mailbox import Mailbox
from channels.errors import Misconfigured, Throttled, Unreachable
from channels.http import Http
from tests.channels.cases import DictCache
from tests.channels.email.conftest import OAUTH, Settings
from tests.channels.email.servers import USER
from tests.channels.email.sinks import scripted_imap

NO_TIME = timedelta(0)
Open = Callable[..., Mailbox]


@pytest.fixture
def scripted(written: Settings) -> Iterator[Open]:
    with ExitStack() as stack:

        def make(script: Callable[[str, str], list[bytes] | None], capabilities: str = "IMAP4rev1", **more: Any) -> Any:
            port = stack.enter_context(scripted_imap(script, capabilities))
            settings, cache = written(port, **more), DictCache()
            box = Mailbox(settings, Imap(settings, Credentials(settings, Http(), cache), cache))
            stack.callback(box.close)
            return box

        yield make


def folder(mails: dict[int, bytes], whole: Callable[[list[int]], list[bytes] | None]) -> Callable[..., Any]:
    """Answers searches and sizes truly; `whole` answers for the mails themselves."""

    def script(name: str, rest: str) -> list[bytes] | None:
        if name == "SEARCH":
            return [
                b"* SEARCH " + " ".join(map(str, mails)).encode(),
                b"TAG OK done",
            ]  # "n:*" names the last one, always
        if name == "FETCH" and "RFC822.SIZE" in rest:
            lines = [b"* %d FETCH (UID %d RFC822.SIZE %d)" % (uid, uid, len(raw)) for uid, raw in mails.items()]
            return [b"* 1 FETCH (UID 1 FLAGS (\\Seen))", *lines, b"TAG OK done"]
        if name == "FETCH" and "HEADER" in rest:
            return [line for uid in uids(rest) for line in literal(uid, mails[uid].partition(b"\n\n")[0])] + [
                b"TAG OK done"
            ]
        if name == "FETCH":
            return whole(uids(rest))
        return []

    return script


def uids(rest: str) -> list[int]:
    return [int(uid) for uid in rest.split()[0].split(",")]


def literal(uid: int, raw: bytes) -> list[bytes]:
    """With its number behind it, as the standard allows."""
    return [b"* %d FETCH (BODY[] {%d}" % (uid, len(raw)), raw + b" UID %d)" % uid]


def test_the_last_mail_is_not_read_twice(scripted: Open) -> None:
    mails = {1: b"A: 1\n\none", 2: b"A: 2\n\ntwo"}
    box = scripted(
        folder(mails, lambda asked: [line for uid in asked for line in literal(uid, mails[uid])] + [b"TAG OK done"])
    )
    read = list(box.receive("", NO_TIME))
    places = [(cursor.partition("@")[0], request.body) for cursor, request in read]
    assert places == [("7:2:1:2", mails[1]), ("7:2", mails[2])]
    assert list(box.receive("7:2", NO_TIME)) == []


@pytest.mark.parametrize("refusal", [b"TAG NO [SERVERBUG] internal error", b"TAG BAD cannot"])
def test_a_mail_that_the_server_cannot_give_holds_up_no_other(scripted: Open, refusal: bytes) -> None:
    mails = {uid: b"A: %d\n\nbody" % uid for uid in (1, 2, 3)}

    def whole(asked: list[int]) -> list[bytes]:
        if 2 in asked:
            return [refusal]
        return [line for uid in asked for line in literal(uid, mails[uid])] + [b"TAG OK done"]

    read = [
        (request.query.get("cut"), request.body) for _, request in scripted(folder(mails, whole)).receive("", NO_TIME)
    ]
    assert read == [(None, mails[1]), ("unfetchable", b"A: 2"), (None, mails[3])]


def test_a_mail_that_breaks_the_connection_is_given_up_after_three_times(scripted: Open) -> None:
    mails = {uid: b"A: %d\n\nbody" % uid for uid in (1, 2, 3)}

    def whole(asked: list[int]) -> list[bytes] | None:
        if 2 in asked:
            return None
        return [line for uid in asked for line in literal(uid, mails[uid])] + [b"TAG OK done"]

    box, cursor, read = scripted(folder(mails, whole)), "", []
    for _ in range(8):
        try:
            for behind, request in box.receive(cursor, NO_TIME):
                cursor = behind
                read.append((request.query.get("cut"), request.body))
        except Unreachable:
            continue
        break
    assert read == [(None, mails[1]), ("unfetchable", b"A: 2"), (None, mails[3])]


def test_a_connection_that_dies_while_we_wait_is_noticed_at_once(scripted: Open) -> None:
    silent = scripted(lambda name, rest: {"IDLE": [b"+ idling"], "": None}.get(name, []), "IMAP4rev1 IDLE")
    dying = scripted(lambda name, rest: None if name == "IDLE" else [], "IMAP4rev1 IDLE")
    started = monotonic()
    with pytest.raises(Unreachable):
        list(dying.receive("7:1", timedelta(seconds=30)))
    assert monotonic() - started < 2
    with pytest.raises(Unreachable):
        list(silent.receive("7:1", timedelta(seconds=0.3)))


def test_mail_pushed_together_with_the_answer_to_idle_is_heard(scripted: Open) -> None:
    mails = {1: b"A: 1\n\none"}
    truly = folder(mails, lambda asked: [*literal(1, mails[1]), b"TAG OK done"])
    arrived = False

    def script(name: str, rest: str) -> list[bytes] | None:
        nonlocal arrived
        if name == "IDLE":
            arrived = True
            return [b"+ idling\r\n* 1 EXISTS"]
        return [b"* SEARCH", b"TAG OK done"] if name == "SEARCH" and not arrived else truly(name, rest)

    started = monotonic()
    reading = scripted(script, "IMAP4rev1 IDLE").receive("7:0", timedelta(seconds=30))
    assert next(reading)[1].body == mails[1]
    assert monotonic() - started < 5
    reading.close()


def test_a_server_that_cannot_push_is_asked(scripted: Open) -> None:
    asked: list[str] = []

    def script(name: str, rest: str) -> list[bytes] | None:
        asked.append(name)
        return []

    assert list(scripted(script).receive("7:1", timedelta(seconds=0.2))) == []
    assert (asked.count("SEARCH"), "IDLE" in asked) == (2, False)


def test_netease_is_told_who_we_are_before_it_opens_a_folder(scripted: Open) -> None:
    said: list[str] = []

    def script(name: str, rest: str) -> list[bytes] | None:
        said.append(name)
        return [b"TAG NO SELECT Unsafe Login. Please contact kefu@188.com for help"] if name == "SELECT" else []

    with pytest.raises(Misconfigured, match="Unsafe Login"):
        next(scripted(script, "IMAP4rev1 ID").receive("", NO_TIME))
    assert said.index("ID") < said.index("SELECT")


def test_a_crowded_server_is_no_wrong_password(scripted: Open) -> None:
    box = scripted(lambda name, rest: [b"TAG NO [LIMIT] Too many simultaneous connections"] if name == "LOGIN" else [])
    for _ in range(4):
        with pytest.raises(Throttled, match="no room"):
            next(box.receive("", NO_TIME))


def test_a_token_taken_back_is_renewed_once(scripted: Open) -> None:
    presented: list[str] = []

    def script(name: str, rest: str) -> list[bytes] | None:
        if name == "AUTHENTICATE":
            return [b"+ "]
        if name or not rest:
            return []
        presented.append(b64decode(rest).decode())
        return [b"TAG NO [AUTHENTICATIONFAILED] expired"] if "stale" in presented[-1] else [b"TAG OK done"]

    with responses.RequestsMock() as google:
        for token in ("stale", "fresh"):
            answer = {"access_token": token, "expires_in": 3600}
            google.post("https://oauth2.googleapis.com/token", json=answer)
        assert list(scripted(script, oauth=OAUTH).receive("7:1", NO_TIME)) == []
    assert presented == [f"user={USER}\1auth=Bearer {token}\1\1" for token in ("stale", "fresh")]


def test_an_account_that_has_to_sign_in_again_stops_the_channel(scripted: Open) -> None:
    with responses.RequestsMock() as google:
        google.post("https://oauth2.googleapis.com/token", status=400, json={"error": "invalid_grant"})
        with pytest.raises(Misconfigured, match="sign in again"):
            next(scripted(lambda name, rest: [], oauth=OAUTH).receive("", NO_TIME))
