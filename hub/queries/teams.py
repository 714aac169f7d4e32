"""The teams of hub.toml, and who is in them."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import select

from hub import current
from hub.db import db
from hub.models import Agent
from hub.queries import configuration
from hub.shapes import Time


class MemberShape(BaseModel):
    email: str
    id: int | None  # None: nobody with this address has come yet
    name: str
    role: str | None
    seen_at: Time | None
    disabled: bool


class TeamShape(BaseModel):
    name: str
    open: bool  # its list is empty, so everybody is in it
    file: str
    line: int | None  # None: it is there without being written
    members: list[MemberShape]


def everything() -> list[TeamShape]:
    accounts = {row.email: row for row in db.session.scalars(select(Agent).order_by(Agent.name))}
    everybody = [row.email for row in accounts.values() if not row.disabled_at]
    places = {
        entry.key: (section.file, entry.line)
        for section in configuration.sections()
        if section.section == "teams"
        for entry in section.entries
    }
    nowhere = (f"{current.settings().folder.name}/hub.toml", None)
    return [
        TeamShape(
            name=name,
            open=not listed,
            file=places.get(name, nowhere)[0],
            line=places.get(name, nowhere)[1],
            members=[_member(email, accounts.get(email)) for email in listed or everybody],
        )
        for name, listed in current.settings().hub.teams.items()
    ]


def _member(email: str, row: Agent | None) -> MemberShape:
    if row is None:
        return MemberShape(email=email, id=None, name="", role=None, seen_at=None, disabled=False)
    return MemberShape(
        email=email, id=row.id, name=row.name, role=row.role, seen_at=row.seen_at, disabled=row.disabled_at is not None
    )
