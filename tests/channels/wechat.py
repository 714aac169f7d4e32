"""What WeChat says to an account under test: its pushes in every mode, and its answers to our calls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from responses import Response, matchers

from channels.contract import Address, InboundMessage, OutboundMessage, WebhookRequest
from channels.wechat.crypto import Envelope, signature
from tests.channels.accounts import ACCESS_TOKEN, ACCOUNTS, SECRETS

API = "https://api.weixin.qq.com/cgi-bin"
OK = {"errcode": 0, "errmsg": "ok"}
RID = "rid: 6a01d72c-38178a79-77b8b30b"
TOKEN, KEY = SECRETS["TEST_TOKEN"], SECRETS["TEST_AES_KEY"]
MSG = 24780136412345690
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
READ = {"media/get", "user/info", "customservice/getkflist"}


@dataclass(frozen=True)
class Played:
    """WeChat as one account sees it."""

    kind: str

    @property
    def app(self) -> str:
        return str(ACCOUNTS[self.kind]["app_id"])

    @property
    def gh(self) -> str:
        return str(ACCOUNTS[self.kind]["original_id"])

    @property
    def anna(self) -> Address:
        return Address(f"wechat:{self.app}", "oLVPpjqs9BhvzwPj5A-vTYAX3GLc")

    @property
    def envelope(self) -> Envelope:
        return Envelope(TOKEN, KEY, self.app)

    # pushes

    def fields(self, **content: Any) -> dict[str, Any]:
        common = {"ToUserName": self.gh, "FromUserName": self.anna.value, "CreateTime": int(NOON.timestamp())}
        return {name: value for name, value in {**common, **content}.items() if value is not None}

    def sealed(self, text: str, style: str = "xml", clear: str = "") -> WebhookRequest:
        """A push in safe mode; with `clear`, in compatible mode."""
        seal = self.envelope.seal(text, "1772366400", "n1")
        query = {"timestamp": "1772366400", "nonce": "n1", "msg_signature": seal.signature, "encrypt_type": "aes"}
        envelope = {
            "xml": f"<xml><ToUserName><![CDATA[{self.gh}]]></ToUserName>{clear}"
            f"<Encrypt><![CDATA[{seal.ciphertext}]]></Encrypt></xml>",
            "plain xml": f"<xml><Encrypt>{seal.ciphertext}</Encrypt></xml>",
            "json": '{{"ToUserName":"{}",{}"Encrypt":"{}"}}'.format(
                self.gh, clear, seal.ciphertext.replace("/", "\\/")
            ),
        }
        return WebhookRequest(query=query, body=envelope[style].encode())

    def push(self, **content: Any) -> WebhookRequest:
        return self.sealed(as_xml(self.fields(**content)))

    def json_push(self, **content: Any) -> WebhookRequest:
        return self.sealed(json.dumps(self.fields(**content), ensure_ascii=False), "json")

    def message(self, **content: Any) -> InboundMessage:
        known = {"sender": self.anna, "provider_id": str(MSG), "sequence": MSG, "sent_at": NOON}
        return InboundMessage(**{**known, "renews": "message", **content})

    # answers

    def token(self, text: str = ACCESS_TOKEN, force: bool = False) -> Response:
        asked = {"grant_type": "client_credential", "appid": self.app, "secret": SECRETS["TEST_APP_SECRET"]}
        match = [matchers.json_params_matcher({**asked, "force_refresh": force})]
        answer = {"access_token": text, "expires_in": 7200}
        return Response("POST", f"{API}/stable_token", json=answer, match=match)


def plain(body: str, token: str = TOKEN) -> WebhookRequest:
    return WebhookRequest(
        query={"timestamp": "1", "nonce": "2", "signature": signature(token, "1", "2")}, body=body.encode()
    )


def as_xml(content: dict[str, Any]) -> str:
    def elements(name: str, value: Any) -> str:
        return "".join(element(name, item) for item in (value if isinstance(value, list) else [value]))

    def element(name: str, value: Any) -> str:
        return f"<{name}>{as_xml(value)[5:-6] if isinstance(value, dict) else f'<![CDATA[{value}]]>'}</{name}>"

    return f"<xml>{''.join(elements(name, value) for name, value in content.items())}</xml>"


def call(path: str, with_token: str = ACCESS_TOKEN, **answer: Any) -> Response:
    query = [matchers.query_param_matcher({"access_token": with_token}, strict_match=False)]
    return Response("GET" if path in READ else "POST", f"{API}/{path}", match=query, **answer)


def sent(with_token: str = ACCESS_TOKEN, **answer: Any) -> Response:
    return call("message/custom/send", with_token, **answer or {"json": OK})


def refused(code: int, path: str = "message/custom/send", with_token: str = ACCESS_TOKEN) -> Response:
    return call(path, with_token, json={"errcode": code, "errmsg": f"no {RID}"})


def uploaded(media_id: str = "M1", with_token: str = ACCESS_TOKEN, **answer: Any) -> Response:
    return call(
        "media/upload", with_token, **answer or {"json": {"type": "image", "media_id": media_id, "created_at": 1}}
    )


def paths(calls: Any) -> list[str]:
    """The last part of the path of each call, in order."""
    return [each.request.path_url.partition("?")[0].rpartition("/")[2] for each in calls]


def body(each: Any) -> Any:
    return json.loads(each.request.body)


def outbound(to: Address, **content: Any) -> OutboundMessage:
    return OutboundMessage(id=UUID(int=1), to=to, **content)
