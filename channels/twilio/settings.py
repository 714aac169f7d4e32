"""What ops write about an account at Twilio, and about a number that sends text messages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from channels.contract import ApiBase, Cap, ChannelSettings, Duration, Secret

API = "https://api.twilio.com"
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
SHORT_CODE = re.compile(r"[0-9]{3,8}")
NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")  # a sender that nobody can answer
SIGNS = re.compile(r"[\s()./-]+")
COUNTRY = re.compile(r"\+[1-9][0-9]{0,6}")


class AccountSettings(ChannelSettings):
    """An account, and whom it may reach: text messages and calls have this in common."""

    account_sid: str = Field(pattern=r"^AC[0-9a-f]{32}$")
    auth_token: Secret  # signs every push
    next_auth_token: Secret = SecretStr("")  # the secondary one, while it is being promoted
    api_key: str = Field("", pattern=r"^(SK[0-9a-f]{32})?$")  # none: calls use the auth token
    api_secret: Secret = SecretStr("")
    countries: tuple[str, ...] = ()  # whom we may reach, as their numbers begin: "+852". None: anybody
    api_base: ApiBase = API

    @model_validator(mode="after")
    def _key_has_its_secret(self) -> Self:
        if bool(self.api_key) != bool(self.api_secret.get_secret_value()):
            raise ValueError("api_key and api_secret belong together")
        return self

    @field_validator("countries")
    @classmethod
    def _are_countries(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [country for country in countries if not COUNTRY.fullmatch(country)]:
            raise ValueError(f'{", ".join(wrong)}: write how the numbers of a country begin, as "+852"')
        return countries

    @property
    def tokens(self) -> list[str]:
        return [token.get_secret_value() for token in (self.auth_token, self.next_auth_token) if token]

    @property
    def login(self) -> tuple[str, str]:
        if self.api_key:
            return self.api_key, self.api_secret.get_secret_value()
        return self.account_sid, self.auth_token.get_secret_value()

    @property
    def out_of_bounds(self) -> str:
        return f"this channel reaches numbers in {', '.join(self.countries)} only"

    def number(self, written: str) -> str:
        """As agents type it, with its country; ValueError says what is wrong."""
        bare = SIGNS.sub("", written)
        number = f"+{bare[2:]}" if bare.startswith("00") else bare
        if not PHONE.fullmatch(number):
            raise ValueError("write the number with + and its country, as +852 5123 4567")
        if not self.may_reach(number):
            raise ValueError(self.out_of_bounds)
        return number

    def may_reach(self, number: str) -> bool:
        return not self.countries or number.startswith(self.countries)


class CapSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(ge=1)
    within: Duration

    @property
    def cap(self) -> Cap:
        return Cap(self.count, self.within)


class SmsSettings(AccountSettings):
    sender: str = Field("", alias="from")
    messaging_service_sid: str = Field("", pattern=r"^(MG[0-9a-f]{32})?$")
    mms: bool = False  # whether the number can send files
    cap: CapSettings = CapSettings(count=20, within=timedelta(hours=1))  # messages to one person

    @model_validator(mode="after")
    def _sends_from_one(self) -> Self:
        if bool(self.sender) == bool(self.messaging_service_sid):
            raise ValueError("write one of from and messaging_service_sid")
        return self

    @field_validator("sender")
    @classmethod
    def _is_sender(cls, sender: str) -> str:
        if sender and not any(form.fullmatch(sender) for form in (PHONE, SHORT_CODE, NAME)):
            raise ValueError('not a number to send from: "+14155550100", a short code, or a name')
        return sender
