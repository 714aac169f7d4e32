"""WeChat's API as mini programs and official accounts share it: access tokens, calls, and what its error codes mean."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from time import monotonic, sleep, time
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import filetype  # type: ignore[import-untyped]
import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from channels.contract import Cache, File
from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Unreachable, WindowClosed
from channels.http import Http, read_json, unreadable

API = "https://api.weixin.qq.com"
REPEATABLE = ("/media/upload", "/message/custom/typing")  # a second copy does no harm

STALE_TOKEN = {40001, 40014, 42001}
RENEWALS = 2
LOST_MEDIA = {"40007", "41006"}
TOKEN_MARGIN = timedelta(minutes=5)  # WeChat renews a token in its last five minutes; old and new are both good then
TOKEN_LOCK = timedelta(seconds=15)  # longer than a call may take
TOKEN_WAIT = timedelta(seconds=3)  # for another process that is fetching
FORCE_PAUSE = timedelta(minutes=5)  # WeChat allows 20 forced refreshes a day
MEDIA_LIFE = timedelta(days=2, hours=12)  # WeChat keeps uploads for three days
TYPING_PAUSE = timedelta(seconds=12)  # the customer sees "typing" for 15 s

SHANGHAI = timezone(timedelta(hours=8))
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}  # WeChat goes by the file name


def _a_minute() -> timedelta:
    return timedelta(seconds=60 + random.uniform(0, 15))


def _until_midnight_in_shanghai() -> timedelta:
    now = datetime.now(SHANGHAI)
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - now


class Meaning(NamedTuple):
    error: type[SendError]
    words: str
    after: Callable[[], timedelta] | None = None


ERRORS: dict[int, Meaning] = {
    -1: Meaning(Unreachable, "WeChat is busy"),
    # our credentials and permissions
    40001: Meaning(Misconfigured, "WeChat does not accept our access token, or the AppSecret is wrong"),
    40014: Meaning(Misconfigured, "WeChat does not accept our access token"),
    42001: Meaning(Misconfigured, "WeChat says that our new access token has expired"),
    40002: Meaning(Misconfigured, "WeChat does not accept this way of asking for a token"),
    40013: Meaning(Misconfigured, "the app_id is wrong"),
    40125: Meaning(Misconfigured, "the AppSecret is wrong"),
    40243: Meaning(Misconfigured, "the AppSecret is frozen: unfreeze it in WeChat's console"),
    41001: Meaning(Misconfigured, "the access token is missing"),
    41002: Meaning(Misconfigured, "the app_id is missing"),
    41004: Meaning(Misconfigured, "the AppSecret is missing"),
    40164: Meaning(Misconfigured, "this server's IP address is not on the account's whitelist"),
    61004: Meaning(Misconfigured, "this server's IP address is not on the account's whitelist"),
    89501: Meaning(Misconfigured, "this server's IP address awaits an administrator's confirmation"),
    89503: Meaning(Misconfigured, "this server's IP address awaits an administrator's confirmation"),
    89506: Meaning(Misconfigured, "an administrator refused this server's IP address"),
    89507: Meaning(Misconfigured, "an administrator refused this server's IP address"),
    48001: Meaning(Misconfigured, "the account may not use this interface"),
    48004: Meaning(Misconfigured, "WeChat banned the account from this interface"),
    48006: Meaning(Misconfigured, "this month's resets of the daily quota are used up"),
    50002: Meaning(Misconfigured, "WeChat limited the account for breaking its rules"),
    # the customer
    40003: Meaning(Gone, "WeChat does not know this customer in this account"),
    43004: Meaning(Gone, "the customer does not follow the account"),
    50005: Meaning(Gone, "the customer does not follow the account"),
    43019: Meaning(Gone, "the customer is on the account's blacklist"),
    48002: Meaning(Gone, "the customer switched off messages of this account"),
    45015: Meaning(WindowClosed, "the customer must write first: the time to answer is over"),
    45047: Meaning(WindowClosed, "the customer must write first: the allowed number of answers is used up"),
    43101: Meaning(WindowClosed, "the customer has not agreed to this notification"),
    # how much and how often
    45009: Meaning(Throttled, "the daily quota of calls is used up", _until_midnight_in_shanghai),
    45011: Meaning(Throttled, "too many calls in a minute", _a_minute),
    # the message
    45002: Meaning(Refused, "the text is too long"),
    45003: Meaning(Refused, "the title is too long"),
    45004: Meaning(Refused, "the description is too long"),
    45005: Meaning(Refused, "the link is too long"),
    45006: Meaning(Refused, "the picture's link is too long"),
    45008: Meaning(Refused, "too many articles"),
    44002: Meaning(Refused, "the message is empty"),
    44004: Meaning(Refused, "the text is empty"),
    40033: Meaning(Refused, "the message has characters that WeChat does not take"),
    47001: Meaning(Refused, "WeChat could not read the message"),
    40008: Meaning(Refused, "the account cannot send this kind of message"),
    45162: Meaning(Refused, "the account cannot send this kind of message"),
    40200: Meaning(Refused, "this kind of account cannot do that"),
    47003: Meaning(Refused, "a field of the template is wrong"),
    40037: Meaning(Refused, "the template does not exist"),
    41030: Meaning(Refused, "the page does not exist in the mini program"),
    87014: Meaning(Refused, "WeChat's content check refused the message"),
    70000: Meaning(Refused, "WeChat refused the message to protect a minor"),
    # the file
    40004: Meaning(Refused, "WeChat does not take this type of file"),
    40005: Meaning(Refused, "WeChat does not take this type of file"),
    40006: Meaning(Refused, "the size of the file is wrong"),
    40007: Meaning(Refused, "WeChat does not have this file, or no longer"),
    40009: Meaning(Refused, "the picture is too large"),
    41006: Meaning(Refused, "the file is missing"),
    44001: Meaning(Refused, "the file is empty"),
    45001: Meaning(Refused, "the file is too large"),
    45007: Meaning(Refused, "the recording is too long"),
    # typing
    45072: Meaning(Refused, "WeChat does not know this typing command"),
    45080: Meaning(Refused, "the customer did nothing in the last 30 seconds"),
    45081: Meaning(Refused, "the customer already sees that we are typing"),
}
UNKNOWN = Meaning(Refused, "WeChat refused with a code we do not know")
DETAILS = re.compile(r"\bip [0-9a-fA-F.:]+|\brid: ?[0-9a-fA-F-]+")


def failure(code: int, message: object) -> SendError:
    """WeChat's code in our words. Of its own text only our IP and the request id are kept: the rest may quote us."""
    meaning = ERRORS.get(code, UNKNOWN)
    details = DETAILS.findall(str(message))
    reason = f"{meaning.words} ({', '.join(details)})" if details else meaning.words
    return meaning.error(reason, code=str(code), after=meaning.after and meaning.after())


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    expires: float  # a time() that all processes share

    def lasts(self, span: timedelta) -> bool:
        return self.expires - time() > span.total_seconds()


class TokenBroker:
    """One access token for all processes. Without a cache each asks for itself and is given the same one."""

    def __init__(self, app_id: str, app_secret: str, api_base: str, http: Http, cache: Cache):
        self._account = {"grant_type": "client_credential", "appid": app_id, "secret": app_secret}
        self._url, self._http, self._cache = f"{api_base}/cgi-bin/stable_token", http, cache
        self._key = f"wechat:token:{app_id}"
        self._held: Token | None = None
        self._may_force_at = 0.0

    def get(self, rejected: str = "") -> str:
        """A token that lasts; never `rejected`, the one that WeChat refused, if there is any other."""
        held = self._held
        if held and held.text != rejected and held.lasts(TOKEN_MARGIN):
            return held.text
        self._held = held = self._shared(rejected)
        return held.text

    def _shared(self, rejected: str) -> Token:
        until = monotonic() + TOKEN_WAIT.total_seconds()
        while monotonic() < until:
            if known := self._known(rejected, TOKEN_MARGIN):
                return known
            with self._cache.lock(f"{self._key}:lock", TOKEN_LOCK) as ours:
                if ours:
                    # the one who had the lock before us may just have done it
                    return self._known(rejected, TOKEN_MARGIN) or self._renew(rejected)
            if known := self._known(rejected, timedelta(0)):
                return known
            sleep(0.05)
        return self._renew(rejected)

    def _known(self, rejected: str, span: timedelta) -> Token | None:
        text, _, expires = (self._cache.get(self._key) or "").rpartition(" ")
        known = Token(text, float(expires)) if text else None
        return known if known and known.text != rejected and known.lasts(span) else None

    def _renew(self, rejected: str) -> Token:
        token = self._fetch(force=False)
        if token.text == rejected and self._may_force():
            token = self._fetch(force=True)
        return token

    def _may_force(self) -> bool:
        key = f"{self._key}:forced"
        if monotonic() < self._may_force_at or self._cache.get(key):
            return False
        self._may_force_at = monotonic() + FORCE_PAUSE.total_seconds()
        self._cache.set(key, "1", FORCE_PAUSE)
        return True

    def _fetch(self, *, force: bool) -> Token:
        answer = self._http.post_json(self._url, {**self._account, "force_refresh": force}, repeatable=True)
        match answer:
            case {"access_token": str(text), "expires_in": int(seconds)} if text and seconds > 0:
                token = Token(text, time() + seconds)
                self._cache.set(self._key, f"{token.text} {token.expires}", timedelta(seconds=seconds))
                return token
            case {"errcode": int(code)} if code:
                raise failure(code, answer.get("errmsg", ""))
        raise Unreachable("WeChat's answer has no access token")


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
        match answer:
            case {"errcode": int()} | {"media_id": str()}:
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
        self._app_id, self._cache = app_id, cache
        self._tokens = TokenBroker(app_id, app_secret, api_base, http, cache)
        self._client = _Client(app_id, _Wire(http, api_base), self._tokens)

    def send(self, openid: str, kind: str, content: dict[str, str], *, by_bot: bool = False) -> None:
        message: dict[str, Any] = {"touser": openid, "msgtype": kind, kind: content}
        if by_bot:  # WeChat prints under the bubble that a machine wrote it, as the law asks
            message["aimsgcontext"] = {"is_ai_msg": 1}
        self._call(lambda client: client.post("message/custom/send", data=message))

    def send_with_image(
        self, openid: str, kind: str, content: dict[str, str], key: str, image: File, *, by_bot: bool = False
    ) -> None:
        """As `send`, with the id of the uploaded image under `key`."""
        for uploads_left in (1, 0):
            try:
                return self.send(openid, kind, {**content, key: self._media_id(image)}, by_bot=by_bot)
            except Refused as error:
                if error.code not in LOST_MEDIA or not uploads_left:
                    raise
            self._cache.delete(self._media_key(image))
        return None

    def typing(self, openid: str) -> None:
        key = f"wechat:typing:{self._app_id}:{openid}"
        if self._cache.get(key):
            return
        self._cache.set(key, "1", TYPING_PAUSE)
        # WeChat has many reasons to refuse this, and none of them matters
        with suppress(SendError):
            typing = {"touser": openid, "command": "Typing"}
            self._call(lambda client: client.post("message/custom/typing", data=typing))

    def download(self, media_id: str, name: str) -> File:
        """The file is named after what is in it, whatever WeChat says."""
        answer = self._call(lambda client: client.media.download(media_id))
        if not isinstance(answer, requests.Response) or not answer.content:
            raise Unreachable("WeChat sent no file")
        known = filetype.guess(answer.content)
        mime = known.mime if known else answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return File(f"{name}.{known.extension}" if known else name, mime, answer.content)

    def _media_id(self, image: File) -> str:
        key = self._media_key(image)
        if media_id := self._cache.get(key):
            return media_id
        extension = EXTENSIONS.get(image.mime)
        if not extension:
            raise Refused("WeChat takes PNG, JPEG and GIF pictures only")
        part = (f"image.{extension}", image.content, image.mime)
        answer = self._call(lambda client: client.media.upload("image", part))
        match answer:
            case {"media_id": str(media_id)} if media_id:
                self._cache.set(key, media_id, MEDIA_LIFE)
                return media_id
        raise Unreachable("WeChat's answer to an upload has no media id")

    def _media_key(self, image: File) -> str:
        return f"wechat:media:{self._app_id}:{sha256(image.content).hexdigest()}"

    def _call(self, ask: Callable[[_Client], Any]) -> Any:
        """`ask` may run three times: our own token may be old, and the shared one revoked since it was renewed."""
        rejected: list[str] = []
        answer = self._try(ask)
        while _is_stale(answer) and answer.token not in rejected and len(rejected) < RENEWALS:
            rejected.append(answer.token)
            self._tokens.get(rejected=answer.token)
            answer = self._try(ask)
        if isinstance(answer, _Complaint):
            raise failure(answer.code, answer.message)
        return answer

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
