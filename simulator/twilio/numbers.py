"""The account's own numbers in the REST API: read, and where they report to set."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import request

from simulator.twilio.carrying import Carrier
from simulator.twilio.resources import account_resource, number_resource
from simulator.twilio.rest import Answer, Page, Refusal, own
from simulator.twilio.world import Account, Number, World

SETTINGS: Mapping[str, str] = {
    "FriendlyName": "name",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}


def list_numbers(carrier: Carrier, account: Account) -> Answer:
    wanted = request.args.get("PhoneNumber")
    found = [each for each in carrier.world.numbers.values() if each.account is account]
    return Page("incoming_phone_numbers", [number_resource(each) for each in found if wanted in (None, each.number)])


def show_number(carrier: Carrier, account: Account, sid: str) -> Answer:
    return number_resource(_number(carrier.world, account, sid))


def update_number(carrier: Carrier, account: Account, sid: str) -> Answer:
    number, form = _number(carrier.world, account, sid), request.form
    for name in SETTINGS.keys() & form.keys():
        if name.endswith(("Url", "Callback")) and form[name] and urlsplit(form[name]).scheme not in ("http", "https"):
            raise Refusal(21502)
    for name in SETTINGS.keys() & form.keys():
        setattr(number, SETTINGS[name], form[name])
    return number_resource(number)


def show_account(carrier: Carrier, account: Account) -> Answer:
    return account_resource(account)


def _number(world: World, account: Account, sid: str) -> Number:
    return own(next((each for each in world.numbers.values() if each.sid == sid), None), account)
