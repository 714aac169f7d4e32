"""The owner's own systems vouch that some addresses are one person."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from hmac import new as hmac
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from channels.contract import Address
from hub.models import Contact, Conversation, Identity, Merge
from hub.settings import ConfigError, load
from tests.stage import CONFIG, SECRETS, Stage, at_once, written

SECRET = "link-secret-5d1f"
A, B, UNION = ({"scheme": scheme, "value": value} for scheme, value in [("pager", "a"), ("pager", "b"), ("union", "u")])


@pytest.fixture(autouse=True)
def link_secret(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = stage.app.extensions["settings"]
    hub = settings.hub.model_copy(update={"link_secret": SecretStr(SECRET)})
    monkeypatch.setitem(stage.app.extensions, "settings", replace(settings, hub=hub))


def link(
    stage: Stage, *addresses: dict[str, str], status: int = 200, late: float = 0, secret: str = SECRET, **more: Any
) -> Any:
    return post(stage, json.dumps({"addresses": addresses, **more}).encode(), status, late, secret)


def post(stage: Stage, body: bytes, status: int, late: float = 0, secret: str = SECRET) -> Any:
    said_at = str(int(time.time() - late))
    signature = hmac(secret.encode(), f"{said_at}.".encode() + body, sha256).hexdigest()
    headers = {"X-Yizhan-Timestamp": said_at, "X-Yizhan-Signature": signature}
    response = stage.app.test_client().post("/api/v1/contacts/link", data=body, headers=headers)
    assert response.status_code == status, response.text
    return response.get_json()


def test_addresses_that_nobody_wrote_from_are_remembered(stage: Stage) -> None:
    contact = link(stage, A, UNION, name="Wang")
    assert (contact["name"], contact["conversations"], contact["merges"]) == ("Wang", [], [])
    assert contact["identities"] == [
        {**A, "reachable": False, "channel": "pager"},
        {**UNION, "reachable": False, "channel": None},
    ]
    assert link(stage, A, UNION, UNION) == contact
    assert link(stage, UNION, A, name="")["name"] == "Wang"

    stage.page(written("hello", sender="a"))
    stage.work()
    row = stage.row(Identity, Identity.value == "a")
    assert (row.contact_id, row.reachable) == (contact["id"], True)
    assert link(stage, A, UNION, name="Li")["conversations"][0]["contact"] == {"id": contact["id"], "name": "Li"}


def test_two_who_wrote_become_one_with_one_open_conversation(stage: Stage) -> None:
    stage.page(written("a", sender="a", number=1), written("b", sender="b", number=2))
    stage.work()
    contact = link(stage, B, A, UNION)
    assert (contact["id"], [row["value"] for row in contact["identities"]]) == (1, ["a", "b", "u"])
    assert [row["status"] for row in contact["conversations"]].count("waiting") == 1
    assert (contact["merges"][0]["by"], len(stage.rows(Merge))) == (None, 1)
    assert link(stage, A, B, UNION) == contact


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"[]", ""),
        (b'{"addresses": "a"}', "addresses"),
        (b'{"addresses": []}', "addresses"),
        (json.dumps({"addresses": [A]}).encode(), "addresses"),
        (json.dumps({"addresses": [A] * 11}).encode(), "addresses"),
        (json.dumps({"addresses": [A, {"scheme": "union"}]}).encode(), "addresses.1.value"),
        (json.dumps({"addresses": [A, {"scheme": "Union ", "value": "u"}]}).encode(), "addresses.1.scheme"),
        (json.dumps({"addresses": [A, {"scheme": "union", "value": ""}]}).encode(), "addresses.1.value"),
        (json.dumps({"addresses": [A, {"scheme": "union", "value": "a\0b"}]}).encode(), "addresses.1.value"),
        (json.dumps({"addresses": [A, {"scheme": "union", "value": "x" * 501}]}).encode(), "addresses.1.value"),
        (json.dumps({"addresses": [A, B], "name": 5}).encode(), "name"),
        (b'{"addresses": [{"scheme": "union", "value": "\\ud800"}, {"scheme": "union", "value": "u"}]}', ""),
    ],
)
def test_a_body_that_is_wrong_says_where(stage: Stage, body: bytes, field: str) -> None:
    problem = post(stage, body, 422)
    assert (problem["code"], problem["errors"][0]["field"]) == ("invalid", field)
    assert stage.rows(Contact) == []


def test_only_who_knows_the_secret_may_vouch(stage: Stage) -> None:
    assert link(stage, A, B, secret="guessed", status=403)["code"] == "bad_signature"
    assert post(stage, b"no JSON", 403, secret="guessed")["code"] == "bad_signature"
    for late in (302, -302):
        assert link(stage, A, B, late=late, status=403)["code"] == "bad_timestamp"
    link(stage, A, B, late=290)
    bare = stage.app.test_client().post("/api/v1/contacts/link", json={"addresses": [A, B]})
    assert (bare.status_code, bare.get_json()["code"]) == (403, "bad_signature")
    strange = {"X-Yizhan-Timestamp": "²", "X-Yizhan-Signature": "é"}
    assert stage.app.test_client().post("/api/v1/contacts/link", headers=strange).status_code == 403
    assert stage.agent().post("/contacts/link", {"addresses": [A, B]}, 403)["code"] == "bad_signature"
    assert post(stage, b"x" * 20_000, 413)["status"] == 413


def test_without_a_secret_nobody_may(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = stage.app.extensions["settings"]
    hub = settings.hub.model_copy(update={"link_secret": None})
    monkeypatch.setitem(stage.app.extensions, "settings", replace(settings, hub=hub))
    problem = link(stage, A, B, status=404)
    assert (problem["code"], "link_secret" in problem["detail"]) == ("linking_is_off", True)


def test_links_and_messages_at_the_same_moment_make_one_person(stage: Stage) -> None:
    everybody = [{"scheme": "pager", "value": sender} for sender in "abcdef"]
    union = Address("union", "u")
    for number in range(3):
        stage.page(
            *[
                written(f"{sender}{number}", sender=sender, number=number * 10 + place, aliases=(union,) * (number > 1))
                for place, sender in enumerate("abcdef")
            ]
        )
    links = lambda order: lambda: [link(stage, *pair, UNION) for pair in pairs(everybody[::order])]  # noqa: E731
    outcomes = at_once(links(1), links(-1), stage.work, stage.work)
    for _ in range(3):
        stage.make_due()
        stage.work()
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    contact = link(stage, *everybody)
    assert {row.contact_id for row in stage.rows(Identity)} == {contact["id"]}
    [open_one] = stage.rows(Conversation, Conversation.status != "resolved")
    assert (open_one.contact_id, open_one.unread) == (contact["id"], 18)
    assert len(stage.thread(open_one.id)) >= 18


def pairs(addresses: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    return pairwise(addresses)


# the secret


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of the hub under test, with a secret of its own."""
    for source in CONFIG.rglob("*.toml"):
        if source.name != "pager.toml":
            target = tmp_path / source.relative_to(CONFIG)
            target.parent.mkdir(exist_ok=True)
            target.write_text(source.read_text())
    hub = tmp_path / "hub.toml"
    hub.write_text('link_secret = "env:LINK_SECRET"\n' + hub.read_text())
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_the_secret_comes_from_the_environment_and_is_not_shown(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINK_SECRET", SECRET)
    hub = load(config).hub
    assert hub.link_secret and hub.link_secret.get_secret_value() == SECRET
    assert SECRET not in f"{hub!r} {hub} {hub.model_dump()}"


def test_a_secret_that_is_not_set_is_said(config: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(config)
    reason = "link_secret: environment variable LINK_SECRET is not set or empty"
    assert caught.value.problems == [f"{config / 'hub.toml'}: {reason}"]


def test_the_samples_value_is_no_secret(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINK_SECRET", "demotoken2026")
    with pytest.raises(ConfigError) as caught:
        load(config)
    assert caught.value.problems == [f"{config / 'hub.toml'}: link_secret: is the sample's value: put your own"]
