"""Words that mean the same to the bot (config/synonyms.toml), beside those that it knows."""

from __future__ import annotations

from pydantic import Field

from hub.knowledge.wording import Strict, Words


class SynonymFile(Strict):
    groups: list[list[Words]] = Field(default=[])
