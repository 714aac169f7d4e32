"""Who may come in: passwords, sessions, tokens, roles, and no other site."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from hub.db import db, now
from hub.models import AccessToken, Agent, LoginFailure
from hub.services import agents
from tests.stage import Stage

PASSWORD = "correct horse"


@pytest.fixture
def visitor(stage: Stage) -> FlaskClient:
    with stage.inside():
        agents.add("anna@example.com", "Anna", "agent", PASSWORD)
    return stage.app.test_client()


def log_in(client: FlaskClient, email: str = "anna@example.com", password: str = PASSWORD, **headers: str) -> Any:
    return client.post("/api/v1/session", json={"email": email, "password": password}, headers=headers)


def test_a_password_opens_a_session(stage: Stage, visitor: FlaskClient) -> None:
    response = log_in(visitor, "Anna@Example.com")
    anna = {"id": 1, "name": "Anna", "email": "anna@example.com", "role": "agent", "teams": ["everyone", "sales"]}
    assert (response.status_code, {**response.json, "teams": sorted(response.json["teams"])}) == (200, anna)
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert visitor.get("/api/v1/me").json == response.json
    token = cookie.partition("=")[2].partition(";")[0]
    with stage.inside():
        assert token not in str(db.session.execute(select(AccessToken.__table__)).all())
        assert PASSWORD not in str(db.session.scalar(select(Agent.password_hash)))


def test_logging_out_ends_the_session_everywhere(visitor: FlaskClient) -> None:
    token = log_in(visitor).headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert visitor.delete("/api/v1/session").status_code == 204
    assert visitor.get("/api/v1/me").status_code == 401
    assert visitor.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_session_ends_by_itself(stage: Stage, visitor: FlaskClient) -> None:
    log_in(visitor)
    with stage.inside():
        db.session.execute(update(AccessToken).values(expires_at=now() - timedelta(seconds=1)))
    assert visitor.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("email", "password"),
    [("anna@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("", ""), ("anna@example.com", "\0")],
)
def test_wrong_credentials_are_refused_without_a_hint(visitor: FlaskClient, email: str, password: str) -> None:
    response = log_in(visitor, email, password)
    assert (response.status_code, response.json["code"]) == (401, "wrong_credentials")
    assert "Set-Cookie" not in response.headers


def test_an_agent_without_a_password_cannot_log_in(stage: Stage, visitor: FlaskClient) -> None:
    stage.agent("Token")
    assert log_in(visitor, "token@example.com", "").status_code == 401


def test_guessing_is_slowed_down_and_a_right_password_does_not_help_then(stage: Stage, visitor: FlaskClient) -> None:
    with stage.inside():
        db.session.add_all(LoginFailure(email="anna@example.com", ip="203.0.113.9") for _ in range(9))
    assert log_in(visitor, password="wrong").status_code == 401
    response = log_in(visitor)
    assert (response.status_code, response.json["code"]) == (429, "too_many_attempts")
    with stage.inside():
        db.session.execute(update(LoginFailure).values(at=now() - timedelta(minutes=16)))
    assert log_in(visitor).status_code == 200


def test_guessing_many_addresses_from_one_place_is_slowed_down_too(stage: Stage, visitor: FlaskClient) -> None:
    with stage.inside():
        db.session.add_all(LoginFailure(email=f"{n}@example.com", ip="127.0.0.1") for n in range(50))
    assert log_in(visitor).status_code == 429


# another site


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),  # curl
        ({"Origin": "http://localhost"}, 204),
        ({"Origin": "http://hub.test"}, 204),  # public_url
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://hub.test.evil.test"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
    ],
)
def test_another_site_cannot_act_with_our_cookie(visitor: FlaskClient, headers: dict[str, str], status: int) -> None:
    log_in(visitor)
    assert visitor.delete("/api/v1/session", headers=headers).status_code == status


def test_another_site_cannot_log_a_browser_in(visitor: FlaskClient) -> None:
    assert log_in(visitor, Origin="https://evil.test").json["code"] == "cross_site"


def test_a_token_acts_from_anywhere(stage: Stage) -> None:
    anna = stage.agent()
    headers = {"Origin": "https://elsewhere.test"}
    assert anna.client.delete("/api/v1/session", headers=headers).status_code == 204


@pytest.mark.parametrize("given", ["Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer \u00e9", "bearer x y"])
def test_a_wrong_token_is_nobody(stage: Stage, given: str) -> None:
    response = stage.app.test_client().get("/api/v1/me", headers={"Authorization": given})
    assert (response.status_code, response.json) == (
        401,
        {
            "type": "about:blank",
            "title": "not signed in",
            "status": 401,
            "code": "not_signed_in",
            "detail": "Sign in first.",
        },
    )


# roles, and every endpoint


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("supervisor", 200), ("admin", 200)])
def test_jobs_are_for_supervisors(stage: Stage, role: str, status: int) -> None:
    answer = stage.agent(role=role).get("/jobs", status)
    assert status == 200 or answer["code"] == "wrong_role"


WITH_PROOF = (  # in their bodies
    *(("POST", "session/totp"), ("POST", "session/enrolment"), ("PUT", "session/enrolment")),
    *(("POST", "invitation"), ("PUT", "invitation"), ("POST", "setup"), ("POST", "setup/check")),
)


def routes(stage: Stage) -> list[tuple[str, str]]:
    rules = [rule for rule in stage.app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    return [(method, rule.rule) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]


def test_every_endpoint_but_the_login_asks_who_is_there(stage: Stage) -> None:
    client = stage.app.test_client()
    asked = {}
    for method, path in routes(stage):
        asked[method, path] = client.open(path.replace("<id>", "1"), method=method, json={}).status_code
    assert {key: status for key, status in asked.items() if status != 401} == {
        ("GET", "/api/v1/session"): 200,  # what the login page offers
        ("POST", "/api/v1/session"): 422,
        **{(method, f"/api/v1/{path}"): 422 for method, path in WITH_PROOF},
        ("POST", "/api/v1/contacts/link"): 404,  # asks for a signature, once there is a secret to sign with
    }


def test_the_description_has_every_endpoint(stage: Stage) -> None:
    described = stage.app.test_client().get("/api/v1/openapi.json").json
    assert described["info"]["title"] == "Yizhan"
    paths = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, each in described["paths"].items()
        for method in each
    }
    assert paths == set(routes(stage))


def test_behind_a_proxy_each_client_is_counted_for_itself(stage: Stage) -> None:
    """Or fifty wrong passwords of one would lock out everybody."""
    client = stage.app.test_client()
    for number in range(60):
        answer = client.post(
            "/api/v1/session",
            json={"email": f"nobody{number}@example.com", "password": "wrong"},
            headers={"X-Forwarded-For": "198.51.100.9, 203.0.113.7"},
        )
    assert answer.status_code == 429
    other = client.post(
        "/api/v1/session",
        json={"email": "anna@example.com", "password": "wrong"},
        headers={"X-Forwarded-For": "203.0.113.8"},
    )
    assert other.status_code == 401
