"""The way to the identity provider and back: pages that a browser goes through, not the API."""

from __future__ import annotations

import logging
import secrets
from typing import cast
from urllib.parse import urlencode

from flask import Blueprint, current_app, redirect, request
from werkzeug.wrappers import Response

from hub import current, vault
from hub.db import transaction
from hub.desk.login import Oidc
from hub.oidc import Provider
from hub.refusals import NotFound, Refusal
from hub.services import identities
from hub.web.hardening import harden
from hub.web.login import give_session

log = logging.getLogger(__name__)
COOKIE = "yizhan_sso"
PATH = "/login/oidc"
SECONDS = 600  # to sign in there
HOME = "/inbox/mine"

oidc = Blueprint("oidc", __name__, url_prefix=PATH)
oidc.after_request(harden)


@oidc.get("")
def leave() -> Response:
    """To the provider. What must match on the way back goes along in a sealed cookie of this browser."""
    _config()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    try:
        response = redirect(_provider().begin(_callback(), state, nonce, verifier))
    except Refusal as refusal:
        return _failed(refusal)
    sealed = vault.seal("sso", state=state, nonce=nonce, verifier=verifier, next=_inside(request.args.get("next", "")))
    response.set_cookie(
        COOKIE,
        sealed,
        max_age=SECONDS,
        path=PATH,
        httponly=True,
        samesite="Lax",
        secure=_callback().startswith("https:"),
    )
    return response


@oidc.get("/callback")
def come_back() -> Response:
    config = _config()
    begun = vault.opened("sso", request.cookies.get(COOKIE, ""), SECONDS)
    if begun is None or not secrets.compare_digest(begun["state"].encode(), request.args.get("state", "").encode()):
        return _failed(Refusal("sso_expired", "Not begun in this browser, or too long ago."))
    if "code" not in request.args:
        return _failed(Refusal("sso_denied", f"The provider says {request.args.get('error', 'nothing')[:60]!r}."))
    try:
        claims = _provider().finish(request.args["code"], _callback(), begun["nonce"], begun["verifier"])
        with transaction():
            agent = identities.recognise(config, claims)
    except Refusal as refusal:
        return _failed(refusal)
    response = redirect(begun["next"])
    give_session(response, agent)
    response.delete_cookie(COOKIE, path=PATH)
    return response


def _failed(refusal: Refusal) -> Response:
    log.warning("a login by the identity provider failed: %s: %s", refusal.code, refusal.detail)
    response = redirect(f"/login?{urlencode({'error': refusal.code})}")
    response.delete_cookie(COOKIE, path=PATH)
    return response


def _config() -> Oidc:
    config = current.settings().hub.login.oidc
    if config is None:
        raise NotFound("identity provider")
    return config


def _provider() -> Provider:
    return cast(Provider, current_app.extensions["oidc"])


def _callback() -> str:
    return f"{current.settings().hub.public_url}{PATH}/callback"


def _inside(path: str) -> str:
    """A page of ours: "//host" and "/\\host" would leave the site."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else HOME
