"""WeChat's error codes with its words."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping

WORDS: Mapping[int, str] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40032: "invalid openid list size",
    40037: "invalid template_id",
    40066: "invalid url",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip",
    40200: "invalid account type",
    40201: "invalid url",
    40202: "invalid action",
    40203: "invalid operator",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44001: "empty media data",
    44002: "empty post data",
    44003: "empty news data",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45007: "voice play time out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command type",
    45080: "no interaction in 30 seconds, can not send typing",
    45081: "already in typing state",
    45162: "invalid msgtype for this account",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    65401: "invalid custom service account",
    76001: "rid not found",
    76003: "the rid is of another account",
    76021: "cgi_path not found, please check",
}


class ApiError(Exception):
    """The call is refused with this code. `why` is for the log; the caller gets WeChat's words."""

    def __init__(self, errcode: int, why: str = "", words: str = ""):
        super().__init__(why)
        self.errcode = errcode
        self.words = words or WORDS.get(errcode, "error")
        self.why = why or self.words
        self.request_id = request_id()

    def answer(self) -> dict[str, object]:
        return {"errcode": self.errcode, "errmsg": f"{self.words} rid: {self.request_id}"}


def request_id() -> str:
    return f"{int(time.time()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
