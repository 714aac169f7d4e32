"""Signing in by the identity provider of the company, and everything that must not get in that way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from hub.desk.login import Login, Oidc
from hub.models import AuditEntry
from hub.oidc import ASK_KEYS_EVERY, Provider
from hub.services import agents
from tests import identity_provider
from tests.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.stage import Stage

CALLBACK = "/login/oidc/callback"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def idp() -> Iterator[IdentityProvider]:
    with identity_provider.running() as provider:
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Shop:
    """The hub, as it is set up for the provider."""

    def __init__(self, stage: Stage, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch, clock: Clock):
        self.stage, self._idp, self._monkeypatch, self._clock = stage, idp, monkeypatch, clock
        self.set()

    def set(self, **changes: Any) -> None:
        self._monkeypatch.setenv("TEST_OIDC_SECRET", SECRET)
        given = {
            "issuer": self._idp.issuer,
            "client_id": CLIENT,
            "client_secret": "env:TEST_OIDC_SECRET",
            "label": "ID",
        }
        oidc = Oidc(**{**given, **changes})
        settings = self.stage.app.extensions["settings"]
        hub = settings.hub.model_copy(update={"login": Login(oidc=oidc)})
        self._monkeypatch.setitem(self.stage.app.extensions, "settings", replace(settings, hub=hub))
        self._monkeypatch.setitem(self.stage.app.extensions, "oidc", Provider(oidc, self._clock))

    def come(self, client: FlaskClient | None = None, **query: str) -> tuple[FlaskClient, Any]:
        """Somebody goes there, signs in and comes back."""
        client = client or self.stage.app.test_client()
        left = client.get("/login/oidc", query_string=query)
        back = self._idp.signs_in(left.location) if left.location.startswith(self._idp.issuer) else ""
        return client, client.get(f"{CALLBACK}?{back}") if back else left


@pytest.fixture
def shop(stage: Stage, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Shop:
    with stage.inside():
        agents.add("anna@example.com", "Anna", "agent", None)
    return Shop(stage, idp, monkeypatch, clock)


def why(answer: Any) -> str:
    assert answer.status_code == 302 and not any(
        "yizhan_session" in each for each in answer.headers.getlist("Set-Cookie")
    )
    start, _, code = answer.location.partition("?error=")
    assert start == "/login"
    return str(code)


def test_who_is_known_comes_in_and_where_they_wanted(stage: Stage, shop: Shop) -> None:
    client, answer = shop.come(next="/inbox/all/7?x=1")
    assert (answer.status_code, answer.location) == (302, "/inbox/all/7?x=1")
    assert client.get("/api/v1/me").json["name"] == "Anna"
    cookies = answer.headers.getlist("Set-Cookie")
    assert any("yizhan_session" in each and "HttpOnly" in each and "SameSite=Lax" in each for each in cookies)
    assert stage.rows(AuditEntry, AuditEntry.action == "sso_login")


@pytest.mark.parametrize("next", ["//evil.test", "https://evil.test", "/\\evil.test", "", "inbox"])
def test_nobody_is_sent_to_another_site(shop: Shop, next: str) -> None:
    assert shop.come(next=next)[1].location == "/inbox/mine"


def test_the_login_page_says_how_the_provider_is_called(stage: Stage, shop: Shop) -> None:
    assert stage.app.test_client().get("/api/v1/session").json == {"sso": "ID", "setup": True}


def test_without_a_provider_there_is_no_such_page(stage: Stage) -> None:
    client = stage.app.test_client()
    assert client.get("/login/oidc").status_code == 404 and client.get(CALLBACK).status_code == 404
    assert client.get("/api/v1/session").json == {"sso": None, "setup": True}


def test_afterwards_the_subject_counts_and_not_the_address(stage: Stage, idp: IdentityProvider, shop: Shop) -> None:
    shop.come()
    idp.claims = {"email": "anna.li@example.com"}
    client, _ = shop.come()
    assert client.get("/api/v1/me").json["email"] == "anna@example.com"
    idp.claims = {"sub": "person-2"}  # the address was given to somebody else
    assert why(shop.come()[1]) == "no_account"


OLD = -3600
FAILURES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another login's nonce": ({"nonce": "other"}, {}, "sso_untrusted"),
    "no nonce": ({"nonce": None}, {}, "sso_untrusted"),
    "for another client": ({"aud": "other"}, {}, "sso_untrusted"),
    "for us and, by name, another": ({"aud": [CLIENT, "other"], "azp": "other"}, {}, "sso_untrusted"),
    "of another issuer": ({"iss": "https://evil.test"}, {}, "sso_untrusted"),
    "expired": ({"exp": int(time.time()) + OLD, "iat": int(time.time()) + 2 * OLD}, {}, "sso_untrusted"),
    "without an end": ({"exp": None}, {}, "sso_untrusted"),
    "not valid yet": ({"nbf": int(time.time()) + 3600}, {}, "sso_untrusted"),
    "about nobody": ({"sub": None}, {}, "sso_untrusted"),
    "about nothing": ({"sub": ""}, {}, "sso_untrusted"),
    "of another access token": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, {}, "sso_untrusted"),
    "unsigned": ({}, {"alg": "none"}, "sso_untrusted"),
    "signed with the public key": ({}, {"alg": "HS256"}, "sso_untrusted"),
    "signed with a key that nobody knows": ({}, {"kid": "made-up"}, "sso_untrusted"),
    "an address nobody checked": ({"email_verified": False}, {}, "sso_no_email"),
    "no address at all": ({"email": None}, {}, "sso_no_email"),
    "of another domain": ({"email": "anna@evil.test"}, {}, "sso_domain"),
    "of a domain that ends alike": ({"email": "anna@notexample.com"}, {}, "sso_domain"),
    "of nobody we know": ({"email": "bo@example.com"}, {}, "no_account"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_such_a_token_opens_nothing(idp: IdentityProvider, shop: Shop, name: str) -> None:
    shop.set(domains=["Example.com"])
    idp.claims, idp.header, expected = FAILURES[name]
    client, answer = shop.come()
    assert why(answer) == expected
    assert client.get("/api/v1/me").status_code == 401


def test_a_signature_of_somebody_else_under_a_known_name(idp: IdentityProvider, shop: Shop) -> None:
    idp.key = idp.new_key("key-1")
    assert why(shop.come()[1]) == "sso_untrusted"


def test_new_keys_are_fetched_and_no_oftener_than_once_a_minute(
    idp: IdentityProvider, shop: Shop, clock: Clock
) -> None:
    shop.come()
    idp.key = idp.new_key("key-2")
    for _ in range(3):
        assert why(shop.come()[1]) == "sso_untrusted"  # not published yet
    assert idp.asked.count("/keys") == 1
    idp.published = [idp.key]
    clock.now += ASK_KEYS_EVERY + 1
    assert shop.come()[1].location == "/inbox/mine"
    shop.come()
    assert (idp.asked.count("/keys"), idp.asked.count("/.well-known/openid-configuration")) == (2, 1)


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"issuer": "https://evil.test"}, "sso_misconfigured"),
        ({"authorization_endpoint": None}, "sso_misconfigured"),
    ],
)
def test_a_provider_that_is_not_what_it_says(
    idp: IdentityProvider, shop: Shop, metadata: dict[str, Any], code: str
) -> None:
    idp.metadata = metadata
    assert why(shop.come()[1]) == code


def test_a_wrong_secret_is_said_as_such(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_OTHER_SECRET", "wrong")
    shop.set(client_secret="env:TEST_OTHER_SECRET")
    assert why(shop.come()[1]) == "sso_misconfigured"


def test_a_provider_that_is_away_before_or_between(stage: Stage, idp: IdentityProvider, shop: Shop) -> None:
    idp.down = True
    assert why(shop.come()[1]) == "sso_away"
    idp.down = False
    client = stage.app.test_client()
    back = idp.signs_in(client.get("/login/oidc").location)
    idp.down = True
    assert why(client.get(f"{CALLBACK}?{back}")) == "sso_away"


def test_who_cancels_is_told_so(stage: Stage, idp: IdentityProvider, shop: Shop) -> None:
    client = stage.app.test_client()
    state = idp.signs_in(client.get("/login/oidc").location).partition("&")[2]
    assert why(client.get(f"{CALLBACK}?error=access_denied&{state}")) == "sso_denied"


@pytest.mark.parametrize("how", ["another browser", "another state", "twice", "too late"])
def test_only_the_browser_that_left_comes_back_and_once(
    stage: Stage, idp: IdentityProvider, shop: Shop, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    client = stage.app.test_client()
    back = idp.signs_in(client.get("/login/oidc").location)
    if how == "another browser":
        client = stage.app.test_client()
    if how == "another state":
        back = "code=code-1&state=made-up"
    if how == "twice":
        client.get(f"{CALLBACK}?{back}")
    if how == "too late":
        monkeypatch.setattr("hub.web.oidc.SECONDS", -1)
    assert why(client.get(f"{CALLBACK}?{back}")) == "sso_expired"


def test_a_code_of_another_login_is_refused_by_the_provider(stage: Stage, idp: IdentityProvider, shop: Shop) -> None:
    """PKCE: who steals a code cannot use it, for the verifier is in the first browser."""
    victim, thief = stage.app.test_client(), stage.app.test_client()
    stolen = idp.signs_in(victim.get("/login/oidc").location, "stolen").partition("&")[0]
    state = idp.signs_in(thief.get("/login/oidc").location, "own").partition("&")[2]
    assert why(thief.get(f"{CALLBACK}?{stolen}&{state}")) == "sso_misconfigured"


def test_the_disabled_stay_outside(stage: Stage, shop: Shop) -> None:
    root = stage.agent("Root", "admin")
    shop.come()
    root.post("/accounts/1/disable", {"give_back": True})
    assert why(shop.come()[1]) == "disabled"


def test_a_newcomer_gets_an_account_where_that_is_wanted(stage: Stage, idp: IdentityProvider, shop: Shop) -> None:
    shop.set(create=True, role_claim="groups", roles={"supervisor": ["leads"]})
    idp.claims = {"sub": "person-9", "email": "New@Example.com", "name": "New", "groups": ["leads", "x"]}
    client, _ = shop.come()
    me = client.get("/api/v1/me").json
    assert (me["name"], me["email"], me["role"]) == ("New", "new@example.com", "supervisor")


def test_roles_follow_the_provider_but_for_the_last_admin(stage: Stage, idp: IdentityProvider, shop: Shop) -> None:
    shop.set(role_claim="groups", roles={"admin": ["it"]})
    for groups, role in ((["it"], "admin"), (None, "admin")):  # the only one there is
        idp.claims = {"groups": groups}
        assert shop.come()[0].get("/api/v1/me").json["role"] == role
    stage.agent("Root", "admin")
    assert shop.come()[0].get("/api/v1/me").json["role"] == "agent"


def test_an_address_may_come_from_userinfo_of_the_same_person(idp: IdentityProvider, shop: Shop) -> None:
    idp.claims = {"email": None}
    idp.userinfo = {"email": "anna@example.com"}
    assert shop.come()[1].location == "/inbox/mine"
    idp.userinfo = {"email": "anna@example.com", "sub": "somebody else"}
    assert why(shop.come()[1]) == "sso_untrusted"


def test_a_provider_that_wants_the_secret_in_the_form(idp: IdentityProvider, shop: Shop) -> None:
    idp.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert shop.come()[1].location == "/inbox/mine"


def test_no_secret_of_a_login_is_in_the_log(
    idp: IdentityProvider, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        shop.come()
        idp.claims = {"nonce": "other"}
        shop.come()
    assert SECRET not in caplog.text and "code-1" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "http://login.example.com"}, "must be the address of the identity provider"),
        ({"client_secret": "written out"}, "write a secret as"),
        ({"roles": {"king": ["it"]}}, "roles"),
    ],
)
def test_what_the_file_may_not_say(changes: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_OIDC_SECRET", SECRET)
    given = {"issuer": "https://login.example.com", "client_id": "x", "client_secret": "env:TEST_OIDC_SECRET"}
    with pytest.raises(ValidationError, match=reason):
        Oidc(**{**given, **changes})
