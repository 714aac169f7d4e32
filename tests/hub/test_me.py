"""What agents see and change of themselves: name, password, sessions, tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from hub.db import db, now
from hub.models import AccessToken, Agent, AuditEntry
from hub.services import agents
from tests.stage import Stage

PASSWORD = "correct horse"


@pytest.fixture
def anna(stage: Stage) -> FlaskClient:
    with stage.inside():
        agents.add("anna@example.com", "Anna", "agent", PASSWORD)
    return signed_in(stage)


def signed_in(stage: Stage, browser: str = "Firefox", password: str = PASSWORD) -> FlaskClient:
    client = stage.app.test_client()
    answer = client.post(
        "/api/v1/session",
        json={"email": "anna@example.com", "password": password},
        headers={"User-Agent": browser},
    )
    assert answer.status_code == 200, answer.text
    return client


def tokens(client: FlaskClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/api/v1/me/tokens").json["items"]
    return items


def test_a_name_is_changed_and_the_change_is_noted(stage: Stage, anna: FlaskClient) -> None:
    answer = anna.patch("/api/v1/me", json={"name": " Anna Li "})
    assert (answer.status_code, answer.json["name"]) == (200, "Anna Li")
    assert anna.get("/api/v1/me").json["name"] == "Anna Li"
    [entry] = stage.rows(AuditEntry, AuditEntry.action == "rename")
    assert entry.detail == {"before": "Anna", "name": "Anna Li"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, None])
def test_an_impossible_name_is_refused(anna: FlaskClient, name: str | None) -> None:
    assert anna.patch("/api/v1/me", json={"name": name}).status_code == 422


def test_a_new_password_ends_every_other_session_and_no_token(stage: Stage, anna: FlaskClient) -> None:
    elsewhere = signed_in(stage, "Safari")
    program = anna.post("/api/v1/me/tokens", json={"name": "reports"}).json["token"]
    answer = anna.put("/api/v1/me/password", json={"current": PASSWORD, "password": "battery staple"})
    assert answer.status_code == 204
    assert (anna.get("/api/v1/me").status_code, elsewhere.get("/api/v1/me").status_code) == (200, 401)
    bearer = {"Authorization": f"Bearer {program}"}
    assert stage.app.test_client().get("/api/v1/me", headers=bearer).status_code == 200
    signed_in(stage, password="battery staple")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"current": "wrong", "password": "battery staple"}, 403, "wrong_password"),
        ({"password": "battery staple"}, 403, "wrong_password"),
        ({"current": PASSWORD, "password": "short"}, 422, "invalid"),
    ],
)
def test_a_password_is_not_changed(
    stage: Stage, anna: FlaskClient, body: dict[str, str], status: int, code: str
) -> None:
    answer = anna.put("/api/v1/me/password", json=body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    signed_in(stage)


def test_guessing_the_current_password_is_slowed_down(anna: FlaskClient) -> None:
    wrong = {"current": "wrong", "password": "battery staple"}
    statuses = [anna.put("/api/v1/me/password", json=wrong).status_code for _ in range(11)]
    assert statuses == [403] * 10 + [429]


def test_sessions_are_told_apart_and_ended_one_by_one(stage: Stage, anna: FlaskClient) -> None:
    elsewhere = signed_in(stage, "Safari")
    elsewhere.get("/api/v1/me")
    listed = {row["name"]: row for row in tokens(anna)}
    assert {name: row["here"] for name, row in listed.items()} == {"Firefox": True, "Safari": False}
    assert listed["Safari"]["used_at"]
    assert anna.delete(f"/api/v1/me/tokens/{listed['Safari']['id']}").status_code == 204
    assert elsewhere.get("/api/v1/me").status_code == 401


def test_all_others_end_at_once(stage: Stage, anna: FlaskClient) -> None:
    others = [signed_in(stage, name) for name in ("Safari", "Edge")]
    assert anna.delete("/api/v1/me/sessions").status_code == 204
    assert [client.get("/api/v1/me").status_code for client in (anna, *others)] == [200, 401, 401]


def test_what_is_over_is_not_listed(stage: Stage, anna: FlaskClient) -> None:
    signed_in(stage, "Safari")
    with stage.inside():
        over = update(AccessToken).where(AccessToken.name == "Safari")
        db.session.execute(over.values(expires_at=now() - timedelta(seconds=1)))
    assert [row["name"] for row in tokens(anna)] == ["Firefox"]


def test_a_token_of_a_colleague_is_out_of_reach(stage: Stage, anna: FlaskClient) -> None:
    bo = stage.agent("Bo")
    theirs = stage.row(AccessToken, AccessToken.agent_id == bo.id)
    assert anna.delete(f"/api/v1/me/tokens/{theirs.id}").status_code == 404
    bo.get("/me")


def test_signing_in_again_leaves_the_session_before(stage: Stage, anna: FlaskClient) -> None:
    before = anna.get_cookie("yizhan_session")
    anna.post("/api/v1/session", json={"email": "anna@example.com", "password": PASSWORD})
    assert (
        before
        and stage.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {before.value}"}).status_code
        == 401
    )
    assert anna.get("/api/v1/me").status_code == 200


def test_being_there_is_noted_once_a_minute(stage: Stage, anna: FlaskClient) -> None:
    anna.get("/api/v1/me")
    first = stage.row(Agent).seen_at
    anna.get("/api/v1/me")
    assert first and stage.row(Agent).seen_at == first
    with stage.inside():
        db.session.execute(update(AccessToken).values(used_at=now() - timedelta(minutes=2)))
    anna.get("/api/v1/me")
    assert stage.row(Agent).seen_at != first
