"""What ops and agents write: settings, numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.contract import Cap
from channels.twilio.settings import SmsSettings
from tests.channels.accounts import TWILIO
from tests.channels.twilio.twilio import ACCOUNT, ANNA, CUSTOMER, OURS, SERVICE, TOKEN, texting

LEAST = {name: TWILIO[name] for name in ("account_sid", "auth_token", "from")}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account_sid": "AC1"}, "pattern"),
        ({"account_sid": f"{ACCOUNT}\n"}, "pattern"),
        ({"from": ""}, "one of from and messaging_service_sid"),
        ({"messaging_service_sid": SERVICE}, "one of from and messaging_service_sid"),
        ({"messaging_service_sid": "MG1"}, "pattern"),
        ({"from": "+0"}, "not a number to send from"),
        ({"from": "a name of more than eleven"}, "not a number to send from"),
        ({"api_secret": "env:TEST_APP_SECRET"}, "belong together"),
        ({"api_key": TWILIO["api_key"]}, "belong together"),
        ({"countries": ["852"]}, "how the numbers of a country begin"),
        ({"api_base": "ftp://x"}, "not the address of an API"),
        ({"cap": {"count": 0, "within": "1h"}}, "greater than or equal to 1"),
        ({"cap": {"count": 1, "within": "1 hour"}}, "write a duration as"),
        ({"cap": {"count": 1, "within": "1h", "each": "day"}}, "Extra inputs"),
        ({"webhook_url": "https://x"}, "Extra inputs"),
    ],
)
def test_settings_say_what_is_wrong(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SmsSettings.model_validate({**LEAST, **changes})


def test_an_account_and_a_number_suffice() -> None:
    settings = SmsSettings.model_validate(LEAST)
    assert settings.login == (ACCOUNT, TOKEN)
    assert settings.tokens == [TOKEN]
    assert settings.api_base == "https://api.twilio.com"
    assert settings.may_reach(CUSTOMER)


@pytest.mark.parametrize("sender", ["+85230001000", "12345", "Yizhan 24"])
def test_who_can_send(sender: str) -> None:
    assert SmsSettings.model_validate({**LEAST, "from": sender}).sender == sender


def test_one_person_gets_so_many_messages() -> None:
    assert texting().capabilities.cap == Cap(20, timedelta(hours=1))
    assert texting(cap={"count": 3, "within": "1d"}).capabilities.cap == Cap(3, timedelta(days=1))


@pytest.mark.parametrize("written", ["+852 5123 0001", "0085251230001", "+852-5123-0001", "+852(5123)0001"])
def test_numbers_as_agents_write_them(written: str) -> None:
    assert texting().address(written) == ANNA


@pytest.mark.parametrize("written", ["51230001", "+0123", "anna", "", "+852512300019999999", "+８５２51230001"])
def test_what_is_no_number(written: str) -> None:
    with pytest.raises(ValueError, match="with \\+ and its country"):
        texting().address(written)


def test_a_number_where_ops_did_not_mean_to_write() -> None:
    with pytest.raises(ValueError, match=r"\+852 only"):
        texting(countries=["+852"]).address("+8816 1234 5678")


def test_our_own_number() -> None:
    assert texting().is_own(OURS) and not texting().is_own(CUSTOMER)
