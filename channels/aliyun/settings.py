"""What ops write about a signature at Aliyun's SMS service, and the templates that go with it."""

from __future__ import annotations

import re
from typing import Literal
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, field_validator

from channels.contract import ApiBase, ChannelSettings, Secret, TemplateForm
from channels.templates import placeholders

API = "https://dysmsapi.aliyuncs.com"
Change = Literal["opted_out", "opted_in"]
OPT_OUT = ("T", "TD", "N", "R", "退", "退订")
OPT_IN = ("START", "恢复订阅", "重新订阅")


class TemplateSettings(BaseModel):
    """A template that Aliyun approved: its text with ${field}, as in the console."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^SMS_[0-9]+$")
    text: str = Field(min_length=1)

    def form(self, sign_name: str) -> TemplateForm:
        """As customers read it, and as it is billed."""
        return TemplateForm(f"【{sign_name}】{self.text}", placeholders(self.text))


class AliyunSettings(ChannelSettings):
    access_key_id: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    access_key_secret: Secret  # signs every call
    sign_name: str = Field(min_length=1)  # without the 【】
    templates: dict[str, TemplateSettings] = Field(min_length=1)
    hook_secret: Secret  # proves every push, for Aliyun signs none
    sources: tuple[IPvAnyNetwork, ...] = ()  # where pushes may come from; none: from anywhere
    opt_out: tuple[str, ...] = OPT_OUT  # whoever answers with nothing but one of these wants no more
    api_base: ApiBase = API

    @field_validator("sign_name")
    @classmethod
    def _is_bare(cls, name: str) -> str:
        return name.strip("【】 ")

    @field_validator("hook_secret")
    @classmethod
    def _is_long(cls, secret: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_-]{20,}", secret.get_secret_value()):
            raise ValueError("a hook_secret is 20 or more letters, digits, - and _: it is part of a web address")
        return secret

    @field_validator("opt_out")
    @classmethod
    def _are_comparable(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(plain(word) for word in words)

    @property
    def changes(self) -> dict[str, Change]:
        """What a whole answer means, by its words."""
        return {**dict.fromkeys(OPT_IN, "opted_in"), **dict.fromkeys(self.opt_out, "opted_out")}


def plain(text: str) -> str:
    """An answer as it is compared with the words for leaving: " ｔd。" is "TD"."""
    return normalize("NFKC", text).strip(" \t\r\n.。!！,，\"'“”").upper()
