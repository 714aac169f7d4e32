"""The mini program's backend: asks WeChat who has just logged in, and tells the hub that they are one person."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TIMEOUT = 8  # seconds, for every call in and out
LONGEST_BODY = 1024
USELESS_CODES = {40029, 40163}  # made up or expired; used before


class Failed(Exception):
    """The answer to the mini program: a status, and words without anything personal or secret."""

    def __init__(self, status: int, error: str):
        super().__init__(error)
        self.status, self.error = status, error


@dataclass(frozen=True)
class Account:
    app_id: str
    app_secret: str = field(repr=False)
    link_secret: str = field(repr=False)
    api_base: str
    hub: str

    @classmethod
    def from_environment(cls) -> Account:
        missing = [name for name in ("MP_APP_ID", "MP_APP_SECRET", "HUB_LINK_SECRET") if not os.environ.get(name)]
        if missing:
            raise SystemExit(f"not set: {', '.join(missing)}")
        return cls(
            app_id=os.environ["MP_APP_ID"],
            app_secret=os.environ["MP_APP_SECRET"],
            link_secret=os.environ["HUB_LINK_SECRET"],
            api_base=os.environ.get("WECHAT_API_BASE", "https://api.weixin.qq.com").rstrip("/"),
            hub=os.environ.get("HUB_URL", "http://127.0.0.1:8000").rstrip("/"),
        )


def introduce(account: Account, code: str) -> bool:
    """Exchange the code, and link what WeChat says. False: there is no unionid, so there is nothing to link."""
    openid, unionid = who(account, code)
    if not unionid:
        return False
    link(account, [(f"wechat:{account.app_id}", openid), ("wechat:unionid", unionid)])
    return True


def who(account: Account, code: str) -> tuple[str, str]:
    """openid and unionid. The session_key of the answer goes no further than this function."""
    query = {
        "appid": account.app_id,
        "secret": account.app_secret,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    answer = _json("WeChat", Request(f"{account.api_base}/sns/jscode2session?{urlencode(query)}"))
    match answer:
        case {"errcode": int(number)} if number in USELESS_CODES:
            raise Failed(400, "the code is not valid, or no longer")
        case {"errcode": int(number)} if number:
            raise Failed(502, f"WeChat refused: {number}")
        case {"openid": str(openid)} if openid:
            return openid, str(answer.get("unionid") or "")
    raise Failed(502, "WeChat's answer has no openid")


def link(account: Account, addresses: list[tuple[str, str]]) -> None:
    """We vouch that all these addresses are one person's: so only with what WeChat itself has just told us."""
    body = json.dumps({"addresses": [{"scheme": scheme, "value": value} for scheme, value in addresses]}).encode()
    timestamp = str(int(time.time()))
    signed = hmac.new(account.link_secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "X-Yizhan-Timestamp": timestamp,
        "X-Yizhan-Signature": signed.hexdigest(),
    }
    _json("the hub", Request(f"{account.hub}/api/v1/contacts/link", data=body, headers=headers, method="POST"))


def _json(party: str, request: Request) -> dict[str, Any]:
    # nothing of the exceptions is passed on: WeChat wants our AppSecret in the address
    try:
        with urlopen(request, timeout=TIMEOUT) as response:
            answer = json.load(response)
    except HTTPError as error:
        error.close()
        raise Failed(502, f"{party} answered {error.code}") from None
    except (OSError, HTTPException):
        raise Failed(502, f"{party} cannot be reached") from None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Failed(502, f"{party} gave an answer that cannot be read")
    return answer


class Backend(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], account: Account):
        super().__init__(address, Login)
        self.account = account

    def handle_error(self, request: Any, client_address: Any) -> None:
        # the default prints the client's address with a traceback
        print(f"a request failed: {type(sys.exc_info()[1]).__name__}", file=sys.stderr)


class Login(BaseHTTPRequestHandler):
    server: Backend
    timeout = TIMEOUT

    def do_POST(self) -> None:
        try:
            if self.path != "/login":
                raise Failed(404, "there is only /login")
            self._answer(200, {"linked": introduce(self.server.account, self._code())})
        except Failed as failed:
            self._answer(failed.status, {"error": failed.error})

    def _code(self) -> str:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            raise Failed(400, "a short JSON body is needed")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            body = None
        match body:
            case {"code": str(code)} if code:
                return code
        raise Failed(400, 'the body must be {"code": "…"}')

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is logged: who opened our mini program, and when, is nobody's business."""


def main() -> None:
    account = Account.from_environment()
    with Backend(("127.0.0.1", int(os.environ.get("PORT", "8010"))), account) as backend:
        print(f"listening on http://127.0.0.1:{backend.server_port}", flush=True)
        with suppress(KeyboardInterrupt):
            backend.serve_forever()


if __name__ == "__main__":
    main()
