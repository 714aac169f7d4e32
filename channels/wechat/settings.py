"""What ops write about a WeChat account, of either kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from channels.contract import ApiBase, ChannelSettings, Duration, Grant, Secret
from channels.wechat.api import API

APP_ID = r"^wx[0-9A-Za-z_-]{4,}$"


class Table(BaseModel):
    """A table inside of [settings]."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Allowance(Table):
    """What ops know better than we about an allowance; what they leave out stays as it is."""

    count: int | None = Field(default=None, ge=0)
    within: Duration | None = None

    def over(self, usual: Grant) -> Grant:
        return Grant(
            usual.count if self.count is None else self.count, usual.within if self.within is None else self.within
        )


class AccountSettings(ChannelSettings):
    usual_allowances: ClassVar[Mapping[str, Grant]]

    app_id: str = Field(pattern=APP_ID)
    app_secret: Secret
    token: Secret  # signs every push
    aes_key: Secret = SecretStr("")  # opens every push, in safe and compatible mode
    original_id: str = ""
    mode: Literal["safe", "compatible", "plaintext"] = Field("safe", validate_default=True)
    api_base: ApiBase = API
    allowances: dict[str, Allowance] = {}

    @field_validator("token")
    @classmethod
    def _is_token(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9]{3,32}", token.get_secret_value()):
            raise ValueError("a token is 3 to 32 letters and digits")
        return token

    @field_validator("aes_key")
    @classmethod
    def _is_aes_key(cls, aes_key: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9]{43}", aes_key.get_secret_value()):
            raise ValueError("an EncodingAESKey is 43 letters and digits")
        return aes_key

    @field_validator("mode")
    @classmethod
    def _has_its_key(cls, mode: str, others: ValidationInfo) -> str:
        if mode != "plaintext" and others.data.get("aes_key") == SecretStr(""):
            raise ValueError(f"mode {mode} needs an aes_key")
        return mode

    @field_validator("allowances")
    @classmethod
    def _are_known(cls, allowances: dict[str, Allowance]) -> dict[str, Allowance]:
        if unknown := allowances.keys() - cls.usual_allowances.keys():
            known = ", ".join(cls.usual_allowances)
            raise ValueError(f"there is no allowance {', '.join(sorted(unknown))}; known: {known}")
        return allowances

    def grants(self) -> dict[str, Grant]:
        return {
            name: self.allowances.get(name, Allowance()).over(usual) for name, usual in self.usual_allowances.items()
        }
