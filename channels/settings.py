"""What ops write, in the types that adapters need for it: secrets by reference, durations, addresses of APIs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SecretStr,
    model_validator,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-2][0-9]:[0-5][0-9])-([0-2][0-9]:[0-5][0-9])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _resolve_secret(value: Any) -> Any:
    match str(value).partition(":"):
        case "env", _, name if os.environ.get(name):
            return os.environ[name]
        case "env", _, name:
            raise ValueError(f"environment variable {name} is not set or empty")
        case "file", _, path:
            try:
                secret = Path(path).read_text().strip()
            except OSError as error:
                raise ValueError(f"cannot read {path}: {error.strerror}") from None
            if not secret:
                raise ValueError(f"{path} is empty")
            return secret
    raise ValueError('write a secret as "env:NAME" or "file:/path", never as itself')


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not (match := re.fullmatch(r"([0-9]{1,6})([smhd])", value)):
        raise ValueError('write a duration as "30s", "10m", "48h" or "1d"')
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _api_base(url: str) -> str:
    parts = urlsplit(url)
    odd = parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or odd:
        raise ValueError("not the address of an API: https://host")
    return url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Opening:
    """On these days of the week (0 is Monday), from one time to another."""

    days: frozenset[int]
    begins: time
    ends: time

    def covers(self, at: datetime) -> bool:
        return at.weekday() in self.days and self.begins <= at.time() < self.ends


def _opening(written: Any) -> Opening:
    if isinstance(written, Opening):
        return written
    found = HOURS.fullmatch(written) if isinstance(written, str) else None
    if not found or found[1] not in DAYS or (found[2] or found[1]) not in DAYS:
        raise ValueError('write "mon-fri 09:00-18:00", or "sat 10:00-16:00"')
    first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
    days = range(first, last + 1) if first <= last else (*range(first, 7), *range(last + 1))
    try:
        begins, ends = time.fromisoformat(found[3]), time.fromisoformat(found[4])
    except ValueError:
        raise ValueError("there is no such time of day") from None
    if begins >= ends:
        raise ValueError("must end on the day on which it begins, and later")
    return Opening(frozenset(days), begins, ends)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError('there is no such time zone; write "Asia/Shanghai"') from None
    return name


Secret = Annotated[SecretStr, BeforeValidator(_resolve_secret)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Hours = Annotated[Opening, BeforeValidator(_opening)]
Zone = Annotated[str, AfterValidator(_zone)]
ApiBase = Annotated[str, AfterValidator(_api_base)]  # of the provider itself, or of a simulator


class ChannelSettings(BaseModel):
    """The adapter's own part of config/channels/<name>.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _remember_origins(cls, given: Any, validated: ModelWrapValidatorHandler[Self]) -> Self:
        settings = validated(given)
        if isinstance(given, dict):  # valid, so each of its secrets is "env:…" or "file:…"
            settings._origins = {
                name: str(given[name]) for name, value in settings if isinstance(value, SecretStr) and name in given
            }
        return settings

    def origin(self, secret: str) -> str:
        """Where a secret comes from, as it is written in the config file."""
        return self._origins.get(secret, "")

    def secrets(self) -> list[str]:
        return [value.get_secret_value() for _, value in self if isinstance(value, SecretStr) and value]
