"""What ops write about a mailbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from channels.contract import ChannelSettings, Secret
from channels.email import providers
from channels.email.providers import Provider, Security
from channels.http import is_loopback

ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\x00-\x1f]{1,64}@[^\s@<>\"(),:;\\\[\]\x00-\x1f]{1,253}")
PORTS: Mapping[str, Mapping[Security, int]] = {
    "imap": {"tls": 993, "starttls": 143, "plain": 143},
    "smtp": {"tls": 465, "starttls": 587, "plain": 25},
}
RATE = re.compile(r"([1-9][0-9]{0,5})/([smhd])")
SPANS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


class OAuth(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["google", "microsoft"]
    client_id: str = Field(min_length=1)
    client_secret: Secret
    refresh_token: Secret
    tenant: str = Field("common", pattern=r"^[A-Za-z0-9.-]+$")  # Microsoft's


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    security: Security

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class Rate:
    count: int
    within: timedelta


class MailSettings(ChannelSettings):
    address: str
    name: str = ""  # what customers see as the sender
    username: str = ""  # none: the address
    password: Secret = SecretStr("")
    oauth: OAuth | None = None
    imap_host: str = Field(min_length=1)
    imap_port: int = Field(0, ge=0, le=65535)  # 0: the usual one
    imap_security: Security = "tls"
    smtp_host: str = Field(min_length=1)
    smtp_port: int = Field(0, ge=0, le=65535)
    smtp_security: Security = "tls"
    folder: str = "INBOX"
    since: date | None = None  # older mail is not read
    forms: list[str] = []  # senders that write for somebody else, such as a contact form: Reply-To is the customer
    hook_secret: Secret = SecretStr("")  # signs raw mail that is posted to us
    append_sent: Literal["auto"] | bool = "auto"
    plus_address: Literal["auto"] | bool = (
        "auto"  # whether name+anything@ arrives here: answers then carry their thread
    )
    subject_number: Literal["auto"] | bool = "auto"  # "[#12]" behind subjects; auto: where answers carry no thread
    signature: str = ""
    rate: str = ""  # how many mails may go out, as "30/m" or "400/d"

    @model_validator(mode="before")
    @classmethod
    def _know_the_provider(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        domain = str(given.get("address", "")).rpartition("@")[2].lower()
        oauth = given.get("oauth")
        known = (
            providers.by_domain(domain)
            or providers.by_host(str(given.get("imap_host")))
            or providers.by_oauth(str(oauth.get("provider")) if isinstance(oauth, dict) else "")
        )
        if not known:
            return given
        preset: dict[str, Any] = {"imap_host": known.imap_host}
        if "smtp_host" not in given:
            preset |= {
                "smtp_host": known.smtp_host,
                "smtp_port": known.smtp_port,
                "smtp_security": known.smtp_security,
            }
        return {**preset, **given}

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        if not ADDRESS.fullmatch(address):
            raise ValueError("not a mail address: support@example.com")
        return address

    @field_validator("forms")
    @classmethod
    def _are_addresses(cls, forms: list[str]) -> list[str]:
        return [cls._is_address(each).lower() for each in forms]

    @field_validator("rate")
    @classmethod
    def _is_rate(cls, rate: str) -> str:
        if rate and not RATE.fullmatch(rate):
            raise ValueError('write a rate as "30/m", "400/h" or "2000/d"')
        return rate

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, name: str) -> str:
        if any(ord(letter) < 32 for letter in name):
            raise ValueError("a name has no line breaks")
        return name

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if bool(self.password.get_secret_value()) == bool(self.oauth):
            raise ValueError("write either a password or [settings.oauth]")
        for server in (self.imap, self.smtp):
            if server.security == "plain" and not server.is_loopback:
                raise ValueError(f'security = "plain" would show the password to everybody on the way to {server.host}')
        return self

    @property
    def imap(self) -> Server:
        return Server(self.imap_host, self.imap_port or PORTS["imap"][self.imap_security], self.imap_security)

    @property
    def smtp(self) -> Server:
        return Server(self.smtp_host, self.smtp_port or PORTS["smtp"][self.smtp_security], self.smtp_security)

    @property
    def login(self) -> str:
        return self.username or self.address

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()

    @property
    def provider(self) -> Provider | None:
        return providers.by_host(self.imap_host)

    @property
    def has_plus_address(self) -> bool:
        if self.plus_address == "auto":
            return bool(self.provider and self.provider.plus_address)
        return self.plus_address

    @property
    def numbers_subjects(self) -> bool:
        return not self.has_plus_address if self.subject_number == "auto" else self.subject_number

    @property
    def pace(self) -> Rate | None:
        match = RATE.fullmatch(self.rate)
        return Rate(int(match[1]), SPANS[match[2]]) if match else None

    @property
    def signing_key(self) -> bytes:
        """Of what customers carry back to us. It changes with the secret, so that old tokens end with it."""
        secret = self.hook_secret.get_secret_value() or self.password.get_secret_value()
        return (secret or (self.oauth.client_secret.get_secret_value() if self.oauth else "")).encode()

    def secrets(self) -> list[str]:
        of_oauth = [self.oauth.client_secret, self.oauth.refresh_token] if self.oauth else []
        return [secret for secret in [*super().secrets(), *(each.get_secret_value() for each in of_oauth)] if secret]
