"""Access tokens: one for all processes, renewed in time, with the newest refresh token there is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
import responses

from channels.email.oauth import AccessTokens
from channels.email.settings import OAuth
from channels.errors import Misconfigured, SendError, Throttled, Unreachable
from channels.http import Http
from tests.channels.cases import DictCache, assert_no_secret
from tests.channels.email.conftest import OAUTH

GOOGLE = "https://oauth2.googleapis.com/token"
MICROSOFT = "https://login.microsoftonline.com/shop.example/oauth2/v2.0/token"


def tokens(cache: DictCache, trace: list[str] | None = None, **changes: Any) -> AccessTokens:
    settings = OAuth.model_validate({**OAUTH, **changes})
    secrets = [settings.client_secret.get_secret_value(), settings.refresh_token.get_secret_value()]
    return AccessTokens("support@shop.example", settings, Http(secrets, (trace or []).append), cache)


def asked(call: Any) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(call.request.body).items()}


def test_all_processes_share_a_token() -> None:
    cache = DictCache()
    with responses.RequestsMock() as google:
        google.post(GOOGLE, json={"access_token": "t1", "expires_in": 3600})
        assert [tokens(cache).get(), tokens(cache).get()] == ["t1", "t1"]
        assert asked(google.calls[0]) == {
            "grant_type": "refresh_token",
            "client_id": "the-client",
            "client_secret": "client-secret-51c0",
            "refresh_token": "refresh-token-a2d4",
        }


def test_a_token_is_renewed_before_it_ends_and_when_it_was_refused() -> None:
    with responses.RequestsMock() as google:
        for token, seconds in (("t1", 200), ("t2", 3600), ("t3", 3600)):
            google.post(GOOGLE, json={"access_token": token, "expires_in": seconds})
        ours = tokens(DictCache())
        assert [ours.get(), ours.get(), ours.get(), ours.get("t2"), ours.get()] == ["t1", "t2", "t2", "t3", "t3"]


def test_microsofts_newest_refresh_token_is_used_and_ops_own_when_it_fails() -> None:
    ours = tokens(DictCache(), provider="microsoft", tenant="shop.example")
    with responses.RequestsMock() as microsoft:
        microsoft.post(MICROSOFT, json={"access_token": "t1", "expires_in": 3600, "refresh_token": "newer"})
        microsoft.post(MICROSOFT, status=400, json={"error": "invalid_grant"})
        microsoft.post(MICROSOFT, json={"access_token": "t2", "expires_in": 3600})
        assert [ours.get(), ours.get("t1")] == ["t1", "t2"]
        used = [asked(call) for call in microsoft.calls]
    assert [each["refresh_token"] for each in used] == ["refresh-token-a2d4", "newer", "refresh-token-a2d4"]
    assert "https://outlook.office.com/SMTP.Send" in used[0]["scope"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 400, "json": {"error": "invalid_grant"}}, Misconfigured),
        ({"status": 401, "json": {}}, Misconfigured),
        ({"status": 429}, Throttled),
        ({"status": 503}, Unreachable),
        ({"json": {"odd": 1}}, Unreachable),
        ({"body": "<html>"}, Unreachable),
    ],
    ids=str,
)
def test_trouble_with_a_token_is_classified(answer: dict[str, Any], error: type[SendError]) -> None:
    traces: list[str] = []
    with responses.RequestsMock() as google:
        google.post(GOOGLE, **answer)
        with pytest.raises(error) as failure:
            tokens(DictCache(), traces).get()
    for secret in ("client-secret-51c0", "refresh-token-a2d4"):
        assert secret not in f"{failure.value}{failure.value.__cause__}{traces}"
    assert_no_secret("\n".join(traces), [])
