"""An identity provider on loopback: it signs for real, and does wrong what a test asks for."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "yizhan", "secret-of-the-identity-provider"


class IdentityProvider:
    def __init__(self) -> None:
        self.key = self.new_key("key-1")
        self.published = [self.key]
        self.metadata: dict[str, Any] = {}  # what its discovery says otherwise
        self.claims: dict[str, Any] = {}  # what its tokens say otherwise; None: nothing
        self.header: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.down = False
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider._answer(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/realms/shop"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @staticmethod
    def new_key(name: str) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}, private=True)

    def signs_in(self, address: str, code: str = "code-1") -> str:
        """The person at the browser agrees: the query with which it comes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT and "openid" in asked["scope"].split()
        self._codes[code] = asked
        return f"code={code}&state={asked['state']}"

    def _answer(self, request: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path = urlsplit(request.path).path.removeprefix("/realms/shop")
        self.asked.append(path)
        status, body = (503, {}) if self.down else self._about(path, form, request.headers.get("Authorization", ""))
        data = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _about(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        match path:
            case "/.well-known/openid-configuration":
                addresses = {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                }
                return 200, addresses | self.metadata
            case "/keys":
                return 200, {"keys": [key.as_dict(private=False) for key in self.published]}
            case "/userinfo" if authorization == "Bearer access-1":
                return 200, {"sub": "person-1"} | self.userinfo
            case "/token":
                return self._token(form, authorization)
        return 404, {}

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        basic = b64decode(authorization.removeprefix("Basic ")).decode() if authorization else ""
        posted = f"{form.get('client_id')}:{form.get('client_secret')}"
        begun = self._codes.pop(form["code"], None)
        if (
            f"{CLIENT}:{SECRET}" not in (basic, posted)
            or begun is None
            or form["redirect_uri"] != begun["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        proof = _base64(sha256(form["code_verifier"].encode()).digest())
        if proof != begun["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "access-1", "token_type": "Bearer", "id_token": self.id_token(begun["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "person-1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": "anna@example.com",
            "email_verified": True,
            "name": "Anna of the Company",
        } | self.claims
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        said = {name: value for name, value in claims.items() if value is not None}
        if header["alg"] == "none":
            return f"{'.'.join(_base64(json.dumps(part).encode()) for part in (header, said))}."
        if header["alg"] == "HS256":  # an attacker has the public key, and signs with it as if it were a shared secret
            signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, said))
            seal = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
            return f"{signed}.{_base64(seal)}"
        return jwt.encode(header, said, self.key)


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@contextmanager
def running() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    try:
        yield provider
    finally:
        provider.close()
