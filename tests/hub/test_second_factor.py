"""The code of the phone: asked after the password, each once, slowed down like passwords, with a way out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from flask.testing import FlaskClient
from pyotp import TOTP

from hub.desk.login import Login
from hub.models import Agent
from hub.services import agents, totp
from tests.stage import Stage, at_once

PASSWORD = "correct horse"
WHEN = 1_800_000_000


@pytest.fixture
def clock() -> Iterator[Any]:
    """The seconds that the second factor sees."""
    with patch.object(totp, "now") as now:
        now.return_value.timestamp.return_value = WHEN
        yield now.return_value.timestamp


@pytest.fixture
def anna(stage: Stage, clock: Any) -> FlaskClient:
    with stage.inside():
        agents.add("anna@example.com", "Anna", "agent", PASSWORD)
    client = stage.app.test_client()
    assert sign_in(client).status_code == 200
    return client


def sign_in(client: FlaskClient) -> Any:
    return client.post("/api/v1/session", json={"email": "anna@example.com", "password": PASSWORD})


def answer(client: FlaskClient, code: str) -> Any:
    pending = sign_in(client).json["pending"]
    return client.post("/api/v1/session/totp", json={"pending": pending, "code": code})


def enrol(client: FlaskClient) -> tuple[str, list[str]]:
    """The secret, and the recovery codes."""
    offer = client.post("/api/v1/me/totp", json={"password": PASSWORD}).json
    code = TOTP(offer["secret"]).at(WHEN)
    done = client.put("/api/v1/me/totp", json={"pending": offer["pending"], "code": code})
    assert done.status_code == 200, done.text
    return offer["secret"], done.json["codes"]


def test_enrolling_shows_a_picture_and_ten_codes(stage: Stage, anna: FlaskClient) -> None:
    offer = anna.post("/api/v1/me/totp", json={"password": PASSWORD}).json
    assert offer["qr"].startswith("<svg") and "script" not in offer["qr"]
    assert offer["address"].startswith("otpauth://totp/Yizhan:anna%40example.com?secret=")
    secret, codes = enrol(anna)
    assert len(set(codes)) == 10
    assert anna.get("/api/v1/me/totp").json == {"on": True, "required": False, "recovery_codes": 10}
    kept = stage.row(Agent)
    assert secret not in str(kept.totp_secret) and not set(codes) & set(kept.recovery_codes)


def test_the_password_alone_opens_nothing_then(stage: Stage, anna: FlaskClient) -> None:
    enrol(anna)
    visitor = stage.app.test_client()
    refused = sign_in(visitor)
    assert (refused.status_code, refused.json["code"]) == (401, "totp_required")
    assert "Set-Cookie" not in refused.headers
    bearer = {"Authorization": f"Bearer {refused.json['pending']}"}
    assert visitor.get("/api/v1/me", headers=bearer).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(-60, 401), (-30, 200), (0, 200), (30, 200), (60, 401)])
def test_a_clock_may_be_half_a_minute_off(
    stage: Stage, anna: FlaskClient, clock: Any, seconds: int, status: int
) -> None:
    secret, _ = enrol(anna)
    clock.return_value = WHEN + 600
    given = answer(stage.app.test_client(), TOTP(secret).at(WHEN + 600 + seconds))
    assert given.status_code == status
    assert status == 200 or given.json["code"] == "wrong_code"


def test_a_code_counts_once(stage: Stage, anna: FlaskClient, clock: Any) -> None:
    secret, _ = enrol(anna)
    used_for_enrolling = TOTP(secret).at(WHEN)
    assert answer(stage.app.test_client(), used_for_enrolling).status_code == 401
    clock.return_value = WHEN + 60
    code = TOTP(secret).at(WHEN + 60)
    assert answer(stage.app.test_client(), f"{code[:3]} {code[3:]}").status_code == 200
    assert answer(stage.app.test_client(), code).status_code == 401
    assert answer(stage.app.test_client(), TOTP(secret).at(WHEN + 30)).status_code == 401  # an older one neither


def test_a_code_used_twice_at_the_same_moment_counts_once(stage: Stage, anna: FlaskClient, clock: Any) -> None:
    secret, recovery = enrol(anna)
    clock.return_value = WHEN + 60
    for code in (TOTP(secret).at(WHEN + 60), recovery[0]):
        pending = [sign_in(stage.app.test_client()).json["pending"] for _ in range(2)]
        given = at_once(*(partial(second_half, stage, proof, code) for proof in pending))
        assert set(given) == {200, 401}


def second_half(stage: Stage, pending: str, code: str) -> int:
    body = {"pending": pending, "code": code}
    return stage.app.test_client().post("/api/v1/session/totp", json=body).status_code


def test_a_recovery_code_counts_once_however_it_is_typed(stage: Stage, anna: FlaskClient) -> None:
    _, codes = enrol(anna)
    assert answer(stage.app.test_client(), f" {codes[0].upper().replace('-', ' ')} ").status_code == 200
    assert answer(stage.app.test_client(), codes[0]).status_code == 401
    assert stage.app.test_client().get("/api/v1/me").status_code == 401
    fresh = anna.post("/api/v1/me/totp/recovery-codes", json={"password": PASSWORD}).json["codes"]
    assert answer(stage.app.test_client(), codes[1]).status_code == 401  # the old ones are void
    assert answer(stage.app.test_client(), fresh[0]).status_code == 200


def test_guessing_codes_is_slowed_down(stage: Stage, anna: FlaskClient, clock: Any) -> None:
    secret, _ = enrol(anna)
    client = stage.app.test_client()
    pending = sign_in(client).json["pending"]
    wrong = [client.post("/api/v1/session/totp", json={"pending": pending, "code": "000000"}) for _ in range(11)]
    assert [each.status_code for each in wrong] == [401] * 10 + [429]
    clock.return_value = WHEN + 60
    right = {"pending": pending, "code": TOTP(secret).at(WHEN + 60)}
    assert client.post("/api/v1/session/totp", json=right).status_code == 429


@pytest.mark.parametrize("pending", ["", "made up", "other purpose"])
def test_a_code_without_the_password_before_it_is_nothing(stage: Stage, anna: FlaskClient, pending: str) -> None:
    secret, _ = enrol(anna)
    if pending == "other purpose":
        pending = anna.post("/api/v1/me/totp", json={"password": PASSWORD}).json["pending"]
    body = {"pending": pending, "code": TOTP(secret).at(WHEN + 30)}
    refused = stage.app.test_client().post("/api/v1/session/totp", json=body)
    assert (refused.status_code, refused.json["code"]) == (401, "login_expired")


def test_the_moment_between_password_and_code_ends(stage: Stage, anna: FlaskClient, monkeypatch: Any) -> None:
    secret, _ = enrol(anna)
    client = stage.app.test_client()
    pending = sign_in(client).json["pending"]
    monkeypatch.setattr(totp, "PENDING", -1)
    body = {"pending": pending, "code": TOTP(secret).at(WHEN + 30)}
    assert client.post("/api/v1/session/totp", json=body).json["code"] == "login_expired"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/me/totp"), ("POST", "/me/totp/off"), ("POST", "/me/totp/recovery-codes")],
)
def test_a_stolen_session_changes_no_factor(anna: FlaskClient, method: str, path: str) -> None:
    refused = anna.open(f"/api/v1{path}", method=method, json={"password": "wrong"})
    assert (refused.status_code, refused.json["code"]) == (403, "wrong_password")


def test_a_wrong_code_enrols_nothing(stage: Stage, anna: FlaskClient) -> None:
    offer = anna.post("/api/v1/me/totp", json={"password": PASSWORD}).json
    wrong = anna.put("/api/v1/me/totp", json={"pending": offer["pending"], "code": "000000"})
    assert wrong.status_code == 422
    assert stage.row(Agent).totp_secret is None


def test_an_offer_is_for_one_agent(stage: Stage, anna: FlaskClient) -> None:
    offer = anna.post("/api/v1/me/totp", json={"password": PASSWORD}).json
    bo = stage.agent("Bo")
    body = {"pending": offer["pending"], "code": TOTP(offer["secret"]).at(WHEN)}
    assert bo.put("/me/totp", body, 401)["code"] == "login_expired"


# who must have one


@pytest.fixture
def required(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = stage.app.extensions["settings"]
    hub = settings.hub.model_copy(update={"login": Login(require_totp="all")})
    monkeypatch.setitem(stage.app.extensions, "settings", replace(settings, hub=hub))


def test_whose_role_needs_a_code_gets_one_before_the_session(
    stage: Stage, anna: FlaskClient, required: None, clock: Any
) -> None:
    client = stage.app.test_client()
    refused = sign_in(client)
    assert (refused.status_code, refused.json["code"]) == (401, "totp_setup")
    login = refused.json["pending"]
    offer = client.post("/api/v1/session/enrolment", json={"pending": login}).json
    body = {"login": login, "pending": offer["pending"], "code": TOTP(offer["secret"]).at(WHEN)}
    done = client.put("/api/v1/session/enrolment", json=body)
    assert (done.status_code, done.json["me"]["name"], len(done.json["codes"])) == (200, "Anna", 10)
    assert client.get("/api/v1/me").status_code == 200
    again = stage.app.test_client().post("/api/v1/session/enrolment", json={"pending": login})
    assert again.json["code"] == "login_expired"  # the password alone replaces no factor
    off = client.post("/api/v1/me/totp/off", json={"password": PASSWORD})
    assert (off.status_code, off.json["code"]) == (409, "totp_needed")


@pytest.mark.parametrize(
    ("require", "role", "needs"),
    [("nobody", "admin", False), ("admin", "admin", True), ("admin", "agent", False), ("all", "agent", True)],
)
def test_which_roles_need_one(require: Any, role: str, needs: bool) -> None:
    assert Login(require_totp=require).requires_totp(role) is needs


# a lost phone


def reset(email: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers", "agent", "reset-totp", email]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_without_phone_and_codes_an_admin_or_a_command_helps(stage: Stage, anna: FlaskClient) -> None:
    enrol(anna)
    root = stage.agent("Root", "admin")
    root.client.delete("/api/v1/accounts/1/totp")
    assert sign_in(stage.app.test_client()).status_code == 200
    enrol(anna)
    said = reset("anna@example.com")
    assert (said.returncode, said.stdout) == (0, "Anna <anna@example.com> signs in without a code now.\n")
    assert sign_in(stage.app.test_client()).status_code == 200
    assert reset("x@example.com").returncode == 1


def test_recovery_codes_work_when_the_key_is_lost(stage: Stage, anna: FlaskClient, clock: Any) -> None:
    secret, codes = enrol(anna)
    key = stage.app.extensions["data"] / "login.key"
    kept = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    try:
        clock.return_value = WHEN + 60
        assert answer(stage.app.test_client(), TOTP(secret).at(WHEN + 60)).status_code == 401
        assert answer(stage.app.test_client(), codes[0]).status_code == 200
    finally:
        key.write_bytes(kept)
