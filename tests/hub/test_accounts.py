"""Accounts: invitations, roles, who leaves, and that an admin is always left; and the trail of it all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.db import db, now, transaction
from hub.live import ACCESS, STREAM
from hub.models import AccessToken, Agent, AuditEntry, Conversation
from hub.refusals import Refusal
from hub.services import accounts, agents
from tests.stage import Person, Stage, at_once, written

PASSWORD = "correct horse"
ENDPOINTS: list[tuple[str, str, Any, str]] = [
    ("GET", "/accounts", None, "admin"),
    ("POST", "/accounts", {"email": "new@example.com", "name": "New", "role": "agent"}, "admin"),
    ("PATCH", "/accounts/1", {"name": "Anna", "role": "agent"}, "admin"),
    ("POST", "/accounts/1/link", None, "admin"),
    ("POST", "/accounts/1/disable", {"give_back": True}, "admin"),
    ("POST", "/accounts/1/enable", None, "admin"),
    ("DELETE", "/accounts/1/totp", None, "admin"),
    ("GET", "/audit", None, "supervisor"),
    ("GET", "/config", None, "supervisor"),
    ("GET", "/teams", None, "agent"),
    ("GET", "/me/login", None, "agent"),
    ("GET", "/me/tokens", None, "agent"),
    ("GET", "/me/totp", None, "agent"),
]
ROLES = ("agent", "supervisor", "admin")


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def root(stage: Stage, anna: Person) -> Person:
    return stage.agent("Root", "admin")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "body", "least"), ENDPOINTS)
def test_who_may_ask(stage: Stage, anna: Person, role: str, method: str, path: str, body: Any, least: str) -> None:
    asker = stage.agent("Asker", role)
    answer = asker.client.open(f"/api/v1{path}", method=method, json=body)
    if ROLES.index(role) < ROLES.index(least):
        assert (answer.status_code, answer.json["code"]) == (403, "wrong_role")
    else:
        assert answer.status_code in (200, 201, 204), answer.text


def test_an_invitation_is_a_link_that_works_once(stage: Stage, root: Person) -> None:
    link = root.post("/accounts", {"email": "New@Example.com", "name": "New", "role": "supervisor"}, 201)["link"]
    assert link.startswith("http://hub.test/welcome#")
    token = link.partition("#")[2]
    visitor = stage.app.test_client()
    assert visitor.post("/api/v1/invitation", json={"token": token}).json == {
        "name": "New",
        "email": "new@example.com",
    }
    given = {"token": token, "password": PASSWORD}
    assert visitor.put("/api/v1/invitation", json={**given, "password": "short"}).status_code == 422
    assert visitor.put("/api/v1/invitation", json=given).status_code == 204
    assert visitor.put("/api/v1/invitation", json=given).json["code"] == "invitation_over"
    credentials = {"email": "new@example.com", "password": PASSWORD}
    assert visitor.post("/api/v1/session", json=credentials).json["role"] == "supervisor"
    account = next(each for each in root.get("/accounts")["items"] if each["name"] == "New")
    assert (account["password"], account["invited"], account["totp"]) == (True, False, False)


def test_an_invitation_is_no_key_to_the_api(stage: Stage, root: Person) -> None:
    token = root.post("/accounts/1/link", None, 201)["link"].partition("#")[2]
    headers = {"Authorization": f"Bearer {token}"}
    assert stage.app.test_client().get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize("how", ["too old", "replaced", "disabled", "made up"])
def test_an_invitation_that_is_over_says_so(stage: Stage, root: Person, how: str) -> None:
    token = root.post("/accounts/1/link", None, 201)["link"].partition("#")[2]
    with stage.inside():
        if how == "too old":
            db.session.execute(update(AccessToken).values(expires_at=now() - timedelta(seconds=1)))
    if how == "replaced":
        root.post("/accounts/1/link", None, 201)
    if how == "disabled":
        root.post("/accounts/1/disable", {"give_back": False})
    if how == "made up":
        token = "x"
    answer = stage.app.test_client().post("/api/v1/invitation", json={"token": token})
    assert (answer.status_code, answer.json["code"]) == (404, "invitation_over")


def test_a_new_password_by_link_ends_the_sessions(stage: Stage, root: Person) -> None:
    with stage.inside():
        agents.add("anna@example.com", "Anna", "agent", PASSWORD)
    browser = stage.app.test_client()
    browser.post("/api/v1/session", json={"email": "anna@example.com", "password": PASSWORD})
    token = root.post("/accounts/1/link", None, 201)["link"].partition("#")[2]
    assert browser.get("/api/v1/me").status_code == 200
    stage.app.test_client().put("/api/v1/invitation", json={"token": token, "password": "battery staple"})
    assert browser.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "anna@example.com", "name": "X", "role": "agent"}, 409, "agent_exists"),
        ({"email": "ANNA@example.com ", "name": "X", "role": "agent"}, 409, "agent_exists"),
        ({"email": "nowhere", "name": "X", "role": "agent"}, 422, "invalid"),
        ({"email": "x@example.com", "name": " ", "role": "agent"}, 422, "invalid"),
        ({"email": "x@example.com", "name": "X", "role": "king"}, 422, "invalid"),
    ],
)
def test_an_impossible_account_is_refused(root: Person, body: dict[str, str], status: int, code: str) -> None:
    assert root.post("/accounts", body, status)["code"] == code


def test_who_is_disabled_is_out_at_once_and_what_they_held_waits(stage: Stage, anna: Person, root: Person) -> None:
    for sender in ("bo", "cy", "di"):
        stage.page(written("hi", sender=sender, number=ord(sender[0])))
    stage.work()
    ids = [row.id for row in stage.rows(Conversation)]
    for each in ids[:2]:
        anna.post(f"/conversations/{each}/claim")
    anna.post(f"/conversations/{ids[1]}/snooze", {"until": (now() + timedelta(hours=1)).isoformat()})
    [account] = [each for each in root.get("/accounts")["items"] if each["id"] == anna.id]
    assert account["conversations"] == 2
    assert root.post(f"/accounts/{anna.id}/disable", {"give_back": True}) == {"gave_back": 2}
    assert anna.get("/me", 401)["code"] == "not_signed_in"
    assert [(row.status, row.assignee_id) for row in stage.rows(Conversation)[:2]] == [
        ("waiting", None),
        ("snoozed", None),
    ]
    assert "Anna" not in [each["name"] for each in root.get("/agents")["items"]]
    root.post(f"/conversations/{ids[2]}/assign", {"agent": anna.id}, 422)
    root.post(f"/accounts/{anna.id}/enable", None, 204)
    assert "Anna" in [each["name"] for each in root.get("/agents")["items"]]


def test_what_they_held_may_stay_theirs(stage: Stage, anna: Person, root: Person) -> None:
    stage.page(written("hi"))
    stage.work()
    anna.post("/conversations/1/claim")
    assert root.post(f"/accounts/{anna.id}/disable", {"give_back": False}) == {"gave_back": 0}
    assert stage.conversation().assignee_id == anna.id


def test_a_disabled_agent_cannot_sign_in(stage: Stage, anna: Person, root: Person) -> None:
    with stage.inside():
        agents.add("anna@example.com", "Anna", "agent", PASSWORD)
    root.post(f"/accounts/{anna.id}/disable", {"give_back": True})
    credentials = {"email": "anna@example.com", "password": PASSWORD}
    answer = stage.app.test_client().post("/api/v1/session", json=credentials)
    assert (answer.status_code, answer.json["code"]) == (401, "wrong_credentials")


@pytest.mark.parametrize("how", ["disabled", "lowered"])
@pytest.mark.parametrize("others", [0, 1])
def test_the_last_admin_stays_one(stage: Stage, root: Person, how: str, others: int) -> None:
    if others:
        stage.agent("Second", "admin")
    status = {"disabled": 200, "lowered": 204}[how] if others else 409
    if how == "disabled":
        answer = root.post(f"/accounts/{root.id}/disable", {"give_back": True}, status)
    else:
        answer = root.patch(f"/accounts/{root.id}", {"name": "Root", "role": "agent"}, status)
    assert others or answer["code"] == "last_admin"


def test_a_disabled_admin_is_no_other_admin(stage: Stage, root: Person) -> None:
    second = stage.agent("Second", "admin")
    root.post(f"/accounts/{second.id}/disable", {"give_back": True})
    root.patch(f"/accounts/{root.id}", {"name": "Root", "role": "agent"}, 409)


def test_two_admins_who_lower_each_other_at_once_leave_one(stage: Stage, root: Person) -> None:
    second = stage.agent("Second", "admin")

    def lower(who: Person, by: Person) -> None:
        with stage.app.app_context(), transaction():
            actor = db.session.get_one(Agent, by.id)
            accounts.change(accounts.found(who.id), actor, who.name, "agent")

    outcomes = at_once(lambda: lower(root, second), lambda: lower(second, root))
    assert [type(each).__name__ for each in outcomes].count("NoneType") <= 1
    assert len(stage.rows(Agent, Agent.role == "admin")) >= 1
    assert all(each is None or not isinstance(each, Refusal) or each.code == "last_admin" for each in outcomes)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/accounts/1/disable", {"give_back": True}),
        ("PATCH", "/accounts/1", {"name": "Anna", "role": "supervisor"}),
        ("DELETE", "/me/sessions", None),
    ],
)
def test_live_streams_hear_that_rights_have_changed(
    stage: Stage, root: Person, method: str, path: str, body: Any
) -> None:
    redis = stage.app.extensions["redis"]
    root.get("/me")  # what the first request notes is noted
    redis.delete(STREAM)
    assert root.client.open(f"/api/v1{path}", method=method, json=body).status_code < 300
    assert ACCESS.encode() in [fields[b"event"] for _, fields in redis.xrange(STREAM)]


# the trail


def test_the_trail_is_filtered_and_paged_without_gap_or_double(stage: Stage, root: Person) -> None:
    for role in ("supervisor", "agent", "supervisor"):
        root.patch("/accounts/1", {"name": "Anna", "role": role}, 204)
    changes = root.get("/audit", action="change_agent")["items"]
    assert [each["detail"]["role"] for each in changes] == ["supervisor", "agent", "supervisor"]
    assert {(each["agent"], each["subject"], each["name"]) for each in changes} == {("Root", "agent 1", "Anna")}
    assert root.get("/audit", subject="agent 1", action="change_agent")["items"] == changes
    assert root.get("/audit", subject="agent", action="change_agent")["items"] == changes
    assert root.get("/audit", subject="agent 11", action="change_agent")["items"] == []
    assert root.get("/audit", agent=1, action="change_agent")["items"] == []
    seen, cursor = [], ""
    while cursor is not None:
        page = root.get("/audit", limit=2, **({"cursor": cursor} if cursor else {}))
        seen, cursor = [*seen, *(each["id"] for each in page["items"])], page["next"]
    assert seen == sorted((row.id for row in stage.rows(AuditEntry)), reverse=True)
