"""The first run: a link that works once, for who can read the machine's files; and closed for ever afterwards."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub import up
from hub.keys import SETUP_TOKEN
from hub.models import Agent, AuditEntry
from hub.services import setup
from tests.stage import Stage, at_once

ADMIN = {"email": "Root@Example.com", "name": "Root", "password": "correct horse"}


@pytest.fixture
def token(stage: Stage) -> Iterator[str]:
    data: Path = stage.app.extensions["data"]
    with stage.inside():
        made = setup.new_token(data)
    assert made
    yield made
    (data / SETUP_TOKEN).unlink(missing_ok=True)


def post(stage: Stage, path: str, body: Any) -> Any:
    return stage.app.test_client().post(f"/api/v1{path}", json=body)


def test_the_link_makes_the_first_admin_and_signs_them_in(stage: Stage, token: str) -> None:
    kept = stage.app.extensions["data"] / SETUP_TOKEN
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert post(stage, "/setup/check", {"token": token}).status_code == 204
    client = stage.app.test_client()
    assert client.get("/api/v1/session").json["setup"] is True
    made = client.post("/api/v1/setup", json={"token": token, **ADMIN})
    assert (made.status_code, made.json["email"], made.json["role"]) == (200, "root@example.com", "admin")
    assert client.get("/api/v1/me").json == made.json
    assert client.get("/api/v1/session").json["setup"] is False
    assert not kept.exists()
    assert stage.rows(AuditEntry, AuditEntry.action == "set_up")


def test_it_is_closed_once_there_is_an_admin(stage: Stage, token: str) -> None:
    assert post(stage, "/setup", {"token": token, **ADMIN}).status_code == 200
    for path, body in (("/setup/check", {"token": token}), ("/setup", {"token": token, **ADMIN})):
        refused = post(stage, path, body)
        assert (refused.status_code, refused.json["code"]) == (409, "already_set_up")
    with stage.inside():
        assert setup.new_token(stage.app.extensions["data"]) is None


@pytest.mark.parametrize(
    ("how", "code"), [("made up", "setup_link_wrong"), ("empty", "setup_link_wrong"), ("none", "setup_link_wrong"),
                      ("replaced", "setup_link_wrong"), ("old", "setup_link_old")]
)  # fmt: skip
def test_a_link_that_does_not_work_says_why(stage: Stage, token: str, how: str, code: str) -> None:
    data: Path = stage.app.extensions["data"]
    given = {"made up": "x" * 43, "empty": ""}.get(how, token)
    if how == "none":
        (data / SETUP_TOKEN).unlink()
    if how == "replaced":
        with stage.inside():
            setup.new_token(data)
    if how == "old":
        os.utime(data / SETUP_TOKEN, (0, 0))
    for path, body in (("/setup/check", {"token": given}), ("/setup", {"token": given, **ADMIN})):
        refused = post(stage, path, body)
        assert (refused.status_code, refused.json["code"]) == (403, code)
    assert stage.rows(Agent) == []


@pytest.mark.parametrize("wrong", [{"password": "short"}, {"email": "nowhere"}, {"name": " "}])
def test_a_mistake_leaves_the_link_as_it_was(stage: Stage, token: str, wrong: dict[str, str]) -> None:
    assert post(stage, "/setup", {"token": token, **ADMIN, **wrong}).status_code == 422
    assert post(stage, "/setup", {"token": token, **ADMIN}).status_code == 200


def test_of_two_at_once_one_wins(stage: Stage, token: str) -> None:
    bodies = [{"token": token, **ADMIN, "email": f"root{n}@example.com"} for n in range(4)]
    answers = at_once(*(partial(post, stage, "/setup", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]  # type: ignore[union-attr]
    assert len(stage.rows(Agent, Agent.role == "admin")) == 1


def test_agents_without_an_admin_do_not_close_it(stage: Stage, token: str) -> None:
    stage.agent()
    assert post(stage, "/setup/check", {"token": token}).status_code == 204


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("supervisor", 403), ("admin", 200)])
def test_what_to_enter_at_the_providers_is_for_admins(stage: Stage, role: str, status: int) -> None:
    answer = stage.agent(role=role).get("/setup/channels", status)
    if status == 200:
        shop = next(each for each in answer["items"] if each["name"] == "shop")
        assert shop["hook"] == "http://hub.test/hooks/shop"
        assert shop["hook"] in [paste["value"] for paste in shop["console"]]
        assert "app-secret-9f2c" not in str(answer)


def command(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    plug = stage.app.extensions["data"] / "plug"  # the kinds of channels of the tests
    return subprocess.run(
        [sys.executable, "-m", "workers", "setup-link", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(plug), *sys.path])},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_prints_a_link_while_there_is_no_admin(stage: Stage, token: str) -> None:
    printed = command(stage).stdout.strip()
    fresh = printed.removeprefix("http://hub.test/setup?token=")
    assert fresh not in (printed, token)
    assert post(stage, "/setup/check", {"token": token}).json["code"] == "setup_link_wrong"
    assert command(stage, "--quiet").stdout == ""
    stage.agent("Root", "admin")
    refused = command(stage)
    assert (refused.returncode, refused.stdout) == (1, "") and "Yizhan is set up" in refused.stderr
    assert not (stage.app.extensions["data"] / SETUP_TOKEN).exists()


def test_the_start_says_where_to_go(tmp_path: Path) -> None:
    plan = up.plan(tmp_path / "config", tmp_path, 8000, demo=False)
    assert "setup" not in plan.welcome()
    (tmp_path / SETUP_TOKEN).write_text("word")
    assert "http://127.0.0.1:8000/setup?token=word" in plan.welcome()
    assert "setup" not in up.plan(tmp_path / "config", tmp_path, 8000, demo=True).welcome()
