"""What this process was started with: its configuration and its channels."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from flask import current_app

from channels.contract import Channel
from hub.settings import Settings


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def channels() -> dict[str, Channel]:
    return cast(dict[str, Channel], current_app.extensions["channels"])


def data() -> Path:
    return cast(Path, current_app.extensions["data"])


def teams_of(email: str) -> list[str]:
    teams = settings().hub.teams
    return [name for name, members in teams.items() if email in members or not members]


def show_typing(channel: str, scheme: str, value: str) -> None:
    current_app.extensions["typing"](channel, scheme, value)
