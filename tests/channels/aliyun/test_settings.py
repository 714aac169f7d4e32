"""What ops and agents write: settings, templates, numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.aliyun.numbers import e164, mainland
from channels.aliyun.sms import AliyunSms
from channels.contract import Address, Template, TemplateForm
from channels.templates import shown
from tests.channels.accounts import ACCOUNTS, SECRETS
from tests.channels.aliyun.aliyun import KIND, message
from tests.channels.cases import assert_no_secret, make_channel

ACCOUNT = ACCOUNTS[KIND]
HELLO = {"code": "SMS_1", "text": "您好${name}"}


def with_template(**changes: object) -> dict[str, object]:
    return {"templates": {"hello": {**HELLO, **changes}}}


@pytest.mark.parametrize(
    ("env", "changes", "complaint"),
    [
        ({"TEST_AES_KEY": "short"}, {}, "20 or more letters"),
        ({"TEST_AES_KEY": "a" * 30 + "&x=1"}, {}, "20 or more letters"),
        ({}, {"hook_secret": None}, "secret"),
        ({}, {"access_key_id": "LTAI\nx"}, "should match pattern"),
        ({}, {"sign_name": ""}, "at least 1"),
        ({}, {"templates": {}}, "at least 1"),
        ({}, with_template(code="1001"), "should match pattern"),
        ({}, with_template(colour="red"), "Extra inputs"),
        ({}, {"sources": ["203.0.113.9/24"]}, "not a valid IPv4 or IPv6 network"),
        ({}, {"api_base": "ftp://x"}, "not the address of an API"),
        ({}, {"api_base": "https://u:p@x"}, "not the address of an API"),
    ],
)
def test_settings_say_what_is_wrong_and_no_secret(env, changes, complaint, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as failure:
        AliyunSms.Settings.model_validate({**ACCOUNT, **changes})
    assert complaint in str(failure.value)
    assert_no_secret(str(failure.value), list(env.values()))


def test_settings_never_show_their_secrets():
    settings = AliyunSms.Settings.model_validate(ACCOUNT)
    assert sorted(settings.secrets()) == sorted([SECRETS["TEST_APP_SECRET"], SECRETS["TEST_AES_KEY"]])
    assert_no_secret(f"{settings} {settings!r} {settings.model_dump_json()}", [])


def test_a_signature_may_be_written_with_its_brackets():
    assert make_channel(KIND, sign_name="【驿站】").settings.sign_name == "驿站"


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "138 0013 8000",
        "+86 138-0013-8000",
        "8613800138000",
        "0086 13800138000",
        "１３８００１３８０００",
    ],
)
def test_numbers_as_agents_write_them(written):
    assert make_channel(KIND).address(written) == Address("tel", "+8613800138000")


@pytest.mark.parametrize(
    "written", ["", "12800138000", "1380013800", "138001380001", "+13800138000", "+85261234567", "01088888888", "anna"]
)
def test_numbers_that_aliyun_does_not_reach(written):
    with pytest.raises(ValueError, match="mobile number of mainland China"):
        make_channel(KIND).address(written)


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("85261234567", "+85261234567"),
        ("0085261234567", "+85261234567"),
        ("+13800138000", "+13800138000"),
    ],
)
def test_numbers_as_aliyun_tells_them(told, number):
    assert e164(told) == number


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "86", "0086", "+86 "]))
def test_one_customer_has_one_address(number, prefix):
    assert e164(prefix + number) == f"+86{number}"
    assert mainland(prefix + number) == number == mainland(e164(number))


@given(st.text(max_size=20))
def test_whatever_is_written_is_a_number_or_refused(written):
    try:
        number = e164(written)
    except ValueError:
        return
    assert number.startswith("+")
    assert number[1:].isascii()
    assert number[1:].isdecimal()


def test_agents_see_the_templates():
    assert make_channel(KIND).capabilities.templates == {
        "shipped": TemplateForm("【驿站】订单${order}已发出，${day}送达。", ("order", "day")),
        "hello": TemplateForm("【驿站】您的问题有新回复，请打开小程序查看。"),
    }


def test_a_field_is_shown_as_it_is():
    form = TemplateForm("订单${order}，${day}，$${x", ("order", "day"))
    assert shown(form, {"order": "${day}\\1", "day": "周一"}) == "订单${day}\\1，周一，$${x"
    assert shown(form, {"order": "1"}) == "订单1，${day}，$${x"


def test_what_customers_are_told_is_in_no_repr():
    assert "A-17" not in repr(Template("shipped", {"order": "A-17"}))
    assert "A-17" not in repr(message("shipped", order="A-17"))
