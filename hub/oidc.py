"""OpenID Connect: agents come in by their company's identity provider. Authorization code with PKCE, state and nonce.

What comes from outside is believed only as far as its signature: by a key that the issuer publishes now, for us, for
this login, and in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from channels.errors import Refused, SendError
from channels.http import Http, read_json
from hub.desk.login import Oidc
from hub.refusals import Refusal

# neither "none" nor a shared secret: what an ID token is signed with, only the provider has
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
WELL_KNOWN = "/.well-known/openid-configuration"
KNOWN_FOR = 3600.0  # seconds
ASK_KEYS_EVERY = 60.0  # seconds at least: tokens of a made-up key must not let us hammer the provider
CLOCKS_DIFFER = 60  # seconds
LARGEST_ANSWER = 512 * 1024


class Provider:
    """Safe to use from several threads. One per process, so that its keys are asked for seldom."""

    def __init__(self, config: Oidc, clock: Callable[[], float] = time.monotonic):
        self._config = config
        self._http = Http([config.client_secret.get_secret_value()])
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def begin(self, redirect: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in."""
        address: str = add_params_to_uri(
            self._metadata("authorization_endpoint"),
            {
                "response_type": "code",
                "client_id": self._config.client_id,
                "redirect_uri": redirect,
                "scope": " ".join(self._config.scopes),
                "state": state,
                "nonce": nonce,
                "code_challenge": create_s256_code_challenge(verifier),
                "code_challenge_method": "S256",
            }.items(),
        )
        return address

    def finish(self, code: str, redirect: str, nonce: str, verifier: str) -> dict[str, Any]:
        """What the provider says of who came."""
        answer = self._token(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        )
        claims = self._claims(answer, nonce)
        if "email" not in claims and "userinfo_endpoint" in self._discovered():
            claims |= self._userinfo(answer, claims["sub"])
        return claims

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        id, secret = self._config.client_id, self._config.client_secret.get_secret_value()
        offered = self._discovered().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        options: dict[str, Any] = {"auth": (id, secret)}
        if "client_secret_basic" not in offered:
            form, options = {**form, "client_id": id, "client_secret": secret}, {}
        return self._ask("POST", self._metadata("token_endpoint"), data=form, **options)

    def _userinfo(self, token: dict[str, Any], subject: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        told = self._ask("GET", self._metadata("userinfo_endpoint"), headers=headers)
        if told.get("sub") != subject:  # somebody else's
            raise _untrusted()
        return told

    def _claims(self, answer: dict[str, Any], nonce: str) -> dict[str, Any]:
        written = answer.get("id_token")
        if not isinstance(written, str):
            raise _untrusted()
        try:
            token = self._decoded(written)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self._config.issuer},
                    "aud": {"essential": True, "value": self._config.client_id},
                    "nonce": {"essential": True, "value": nonce},
                },
                {
                    "nonce": nonce,
                    "client_id": self._config.client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(leeway=CLOCKS_DIFFER)
        except (JoseError, ValueError, TypeError, KeyError):
            raise _untrusted() from None
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise _untrusted()
        return {**claims}

    def _decoded(self, written: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            return jwt.decode(written, self._keys(KNOWN_FOR), registry=registry)
        except (InvalidKeyIdError, ValueError):  # the provider has changed its keys
            return jwt.decode(written, self._keys(ASK_KEYS_EVERY), registry=registry)

    def _keys(self, newer_than: float) -> KeySet:
        keys: Any = self._fetched(self._metadata("jwks_uri"), newer_than)
        return KeySet.import_key_set(keys)

    def _metadata(self, name: str) -> str:
        address = self._discovered().get(name)
        if not isinstance(address, str):
            raise _misconfigured()
        return address

    def _discovered(self) -> dict[str, Any]:
        found = self._fetched(self._config.issuer.rstrip("/") + WELL_KNOWN, KNOWN_FOR)
        if found.get("issuer") != self._config.issuer:  # or another could speak for it
            raise _misconfigured()
        return found

    def _fetched(self, address: str, newer_than: float) -> dict[str, Any]:
        with self._lock:
            if address not in self._kept or self._clock() - self._kept[address][0] > newer_than:
                self._kept[address] = self._clock(), self._ask("GET", address)
            return self._kept[address][1]

    def _ask(self, method: str, address: str, **options: Any) -> dict[str, Any]:
        try:
            answer = read_json(self._http.request(method, address, limit=LARGEST_ANSWER, **options), repeatable=True)
        except Refused:
            raise _misconfigured() from None
        except SendError:
            raise Refusal("sso_away", "The identity provider does not answer.", 503) from None
        if not isinstance(answer, dict):
            raise _misconfigured()
        return answer


def _untrusted() -> Refusal:
    return Refusal("sso_untrusted", "The identity provider's answer cannot be trusted.", 401)


def _misconfigured() -> Refusal:
    return Refusal("sso_misconfigured", "The identity provider does not accept this hub, or is not what it says.", 503)
