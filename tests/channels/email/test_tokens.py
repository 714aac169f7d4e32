"""What comes back with a customer's answer is believed only where we signed it."""

from __future__ import annotations

from uuid import UUID

import pytest

from channels.email.tokens import Origin, Tokens, thread_key

OURS = Tokens("Support@Example.com", b"key")
DELIVERY, THREAD, CUSTOMER = UUID(int=42), "abcdefgh234567ab", "li@customer.test"


def test_a_reply_address_brings_its_thread_back_in_any_case() -> None:
    address = OURS.reply_address(THREAD)
    assert (address[:24], len(address.partition("@")[0])) == ("support+abcdefgh234567ab", 36)
    assert {OURS.thread_of(each) for each in (address, address.upper(), address.title())} == {THREAD}


def test_other_addresses_bring_none() -> None:
    address = OURS.reply_address(THREAD)
    forged = [
        address.replace(THREAD, "bbcdefgh234567ab"),
        address.replace("support", "sales"),
        address.replace("example.com", "example.org"),
        address.replace("@", "a@"),
        Tokens("support@example.com", b"another key").reply_address(THREAD),
        "support@example.com",
        "support+@example.com",
        "",
    ]
    assert [OURS.thread_of(each) for each in forged] == [""] * len(forged)


def test_a_message_id_of_ours_says_of_what_and_to_whom() -> None:
    message_id = OURS.message_id(DELIVERY, THREAD, CUSTOMER)
    assert message_id == OURS.message_id(DELIVERY, THREAD, CUSTOMER.upper())
    assert OURS.origin(message_id) == OURS.origin(message_id.strip("<>").upper()) == Origin(DELIVERY, THREAD)
    assert OURS.was_sent_to(message_id, CUSTOMER)
    assert not OURS.was_sent_to(message_id, "victim@customer.test")


@pytest.mark.parametrize(
    "message_id", ["", "<a@b>", "<0000000000000000000000000000002a.abcdefgh234567ab.x@example.com>"]
)
def test_another_message_id_says_nothing(message_id: str) -> None:
    assert OURS.origin(message_id) is None
    assert Tokens("support@example.com", b"another").origin(OURS.message_id(DELIVERY, THREAD, CUSTOMER)) is None


def test_a_long_address_has_no_room_for_a_token() -> None:
    address = "a" * 60 + "@example.com"
    assert Tokens(address, b"key").reply_address(THREAD) == address


def test_a_thread_has_one_key() -> None:
    key = thread_key("root@customer.test")
    assert (thread_key(key), len(key)) == (key, 16)
