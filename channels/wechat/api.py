"""WeChat's API as mini programs and official accounts share it: calls with a token, uploads, downloads."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from channels.contract import Cache, File
from channels.errors import Refused, SendError, Throttled, Unreachable
from channels.http import Http, read_json, unreadable
from channels.wechat import media
from channels.wechat.errors import failure
from channels.wechat.pauses import Pauses
from channels.wechat.tokens import TokenBroker

API = "https://api.weixin.qq.com"
# a second copy does no harm; of template messages WeChat itself drops it
REPEATABLE = (
    "/media/upload",
    "/message/custom/typing",
    "/message/template/send",
    "/openapi/quota/get",
    "/callback/check",
)
SEND = "message/custom/send"

STALE_TOKEN = {40001, 40014, 42001}
RENEWALS = 2
LOST_MEDIA = {"40007", "41006"}
MEDIA_LIFE = timedelta(days=2, hours=12)  # WeChat keeps uploads for three days
TYPING_PAUSE = timedelta(seconds=12)  # the customer sees "typing" for 15 s

Result = TypeVar("Result")


class _Wire:
    """Stands where wechatpy keeps its requests session: our timeouts, our classification, the configured host."""

    def __init__(self, http: Http, api_base: str):
        self._http, self._api_base = http, api_base

    def request(self, method: str, url: str, *, timeout: None, **options: Any) -> requests.Response:
        if isinstance(options.get("data"), bytes):
            options["headers"] = {"Content-Type": "application/json"}
        # some of wechatpy's modules name the host themselves
        return self._http.request(
            method, url.replace(API, self._api_base, 1), repeatable=url.endswith(REPEATABLE), **options
        )


class _Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's calls with our tokens. Its own retry is off: it never ends, and it sends empty files."""

    def __init__(self, app_id: str, wire: _Wire, tokens: TokenBroker):
        super().__init__(app_id, secret="", auto_retry=False)
        self._http, self._tokens = wire, tokens

    @property
    def access_token(self) -> str:
        return self._tokens.get()

    def fetch_access_token(self) -> None:
        raise NotImplementedError("tokens come from the broker")

    def _decode_result(self, res: requests.Response) -> Any:
        if _is_file(res):
            return res
        request = res.request
        repeatable = request.method == "GET" or urlsplit(request.url or "").path.endswith(REPEATABLE)
        answer = read_json(res, repeatable=repeatable)
        # without a code we cannot know whether a message was sent
        if isinstance(answer, dict) and isinstance(answer.get("errcode", 0 if repeatable else None), int):
            return answer
        raise unreadable(res, repeatable=repeatable)


def _is_file(response: requests.Response) -> bool:
    """WeChat's errors are JSON under several names, also where a file was asked for."""
    kind = response.headers.get("Content-Type", "").lower()
    if response.request.method != "GET" or kind.startswith(("text/", "application/json")):
        return False
    return bool(kind) or not response.content.startswith(b"{")


class WeChatApi:
    """The calls of one account, repeated once where WeChat asks for a new token or a new upload."""

    def __init__(self, app_id: str, app_secret: str, api_base: str, http: Http, cache: Cache):
        self._app_id, self._api_base, self._http, self._cache = app_id, api_base, http, cache
        self.tokens = TokenBroker(app_id, app_secret, api_base, http, cache)
        self.pauses = Pauses(app_id, cache)
        self._client = _Client(app_id, _Wire(http, api_base), self.tokens)

    def post(self, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        return self._json(path, lambda client: client.post(path, data=payload))

    def get(self, path: str, **query: str) -> dict[str, Any]:
        # a copy each time: wechatpy writes the token into it
        return self._json(path, lambda client: client.get(path, params=dict(query)))

    def typing(self, openid: str) -> None:
        key = f"wechat:typing:{self._app_id}:{openid}"
        if self._cache.get(key):
            return
        self._cache.set(key, "1", TYPING_PAUSE)
        # WeChat has many reasons to refuse this, and none of them matters
        with suppress(SendError):
            self.post("message/custom/typing", {"touser": openid, "command": "Typing"})

    def uploaded(self, kind: str, file: File, use: Callable[[str], Result]) -> Result:
        """`use` with the id of the uploaded file; once more after a new upload where WeChat lost the first."""
        try:
            return use(self._media_id(kind, file))
        except Refused as error:
            if error.code not in LOST_MEDIA:
                raise
        self._cache.delete(self._media_key(kind, file))
        return use(self._media_id(kind, file))

    def download(self, media_id: str, name: str) -> File:
        answer = self._call("media/get", lambda client: client.media.download(media_id))
        match answer:
            case requests.Response():
                return media.named(answer, name)
            case {"video_url": str(url)}:
                return media.named(media.follow(url, self._api_base, self._http), name)
        raise Unreachable("WeChat sent no file")

    def _media_id(self, kind: str, file: File) -> str:
        key = self._media_key(kind, file)
        if media_id := self._cache.get(key):
            return media_id
        part = media.part_of(kind, file)
        answer = self._json("media/upload", lambda client: client.media.upload(kind, part))
        match answer:
            case {"media_id": str(media_id)} if media_id:
                self._cache.set(key, media_id, MEDIA_LIFE)
                return media_id
        raise Unreachable("WeChat's answer to an upload has no media id")

    def _media_key(self, kind: str, file: File) -> str:
        return f"wechat:media:{self._app_id}:{kind}:{sha256(file.content).hexdigest()}"

    def _json(self, path: str, ask: Callable[[_Client], Any]) -> dict[str, Any]:
        answer = self._call(path, ask)
        if isinstance(answer, dict):
            return answer
        raise Unreachable("WeChat sent a file where it should answer")

    def _call(self, path: str, ask: Callable[[_Client], Any]) -> Any:
        """`ask` may run three times: our own token may be old, and the shared one revoked since it was renewed."""
        self.pauses.check(path)
        rejected: list[str] = []
        answer = self._try(ask)
        while _is_stale(answer) and answer.token not in rejected and len(rejected) < RENEWALS:
            rejected.append(answer.token)
            self.tokens.get(rejected=answer.token)
            answer = self._try(ask)
        if not isinstance(answer, _Complaint):
            return answer
        error = failure(answer.code, answer.message)
        if isinstance(error, Throttled):
            self.pauses.begin(path, error)
        raise error

    def _try(self, ask: Callable[[_Client], Any]) -> Any:
        # returned, not raised from here: wechatpy's exception carries the request, and so the token
        try:
            return ask(self._client)
        except WeChatClientException as error:
            query = parse_qs(urlsplit(error.request.url).query)
            return _Complaint(error.errcode, error.errmsg, query.get("access_token", [""])[0])


class _Complaint(NamedTuple):
    code: int
    message: object
    token: str


def _is_stale(answer: Any) -> bool:
    return isinstance(answer, _Complaint) and answer.code in STALE_TOKEN
