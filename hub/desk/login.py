"""How agents come in: what hub.toml says under [login]."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from channels.settings import Secret
from hub.knowledge.wording import Strict

Role = Literal["agent", "supervisor", "admin"]


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or parts.query or parts.fragment or not (parts.scheme == "https" or loopback):
        raise ValueError('must be the address of the identity provider, like "https://login.example.com/realms/shop"')
    return value  # to the letter: the provider's tokens name it just so


class Oidc(Strict):
    issuer: Annotated[str, AfterValidator(_issuer)]
    client_id: str = Field(min_length=1)
    client_secret: Secret
    label: str = Field(default="SSO", min_length=1)
    scopes: list[str] = ["openid", "profile", "email"]
    domains: list[str] = []  # of the e-mail addresses that may come in; none: all of them
    create: bool = False  # make an account for who comes first; otherwise an admin has to
    role_claim: str | None = None  # which claim of the token decides the role
    roles: dict[Role, list[str]] = {}  # the values of that claim that give each role

    def role(self, claims: dict[str, object]) -> Role | None:
        """None: the token decides nothing."""
        if self.role_claim is None:
            return None
        said = claims.get(self.role_claim)
        values = {str(each) for each in said} if isinstance(said, list) else {str(said)}
        for role in ("admin", "supervisor", "agent"):
            if values & set(self.roles.get(role, [])):
                return role
        return "agent"


class Login(Strict):
    require_totp: Literal["nobody", "admin", "all"] = "nobody"
    oidc: Oidc | None = None

    def requires_totp(self, role: str) -> bool:
        return self.require_totp == "all" or self.require_totp == role
