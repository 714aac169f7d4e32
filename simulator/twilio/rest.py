"""What every request of the REST API goes through: who asks, the failures on demand, and the form of all answers.

https://www.twilio.com/docs/usage/requests-to-twilio, https://www.twilio.com/docs/usage/twilios-response
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request

from simulator.faults import Faults, Log, cut_connection, fingerprint
from simulator.twilio.codes import STATUSES, WORDS
from simulator.twilio.world import Account, World

VERSION = "2010-04-01"
ROOT = f"/{VERSION}/Accounts"
PAGE_SIZE, LARGEST_PAGE = 50, 1000
DAY = timedelta(days=1).total_seconds()
Found = TypeVar("Found")


class Refusal(Exception):
    """The request is refused with this code, in Twilio's words unless told."""

    def __init__(self, code: int, message: str = "", status: int = 0):
        self.code, self.message = code, message or WORDS.get(code, "Error")
        self.status = status or STATUSES.get(code, 400)
        super().__init__(self.message)

    def answer(self) -> dict[str, Any]:
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


@dataclass(frozen=True, slots=True)
class Page:
    """A list under its key; which page of it is answered, the request says."""

    key: str
    items: Sequence[dict[str, Any]]


Answer = dict[str, Any] | Page | Response | None  # None: it is gone, 204


@dataclass(frozen=True, slots=True)
class Rest:
    """The API of one world. The endpoints' names are method and path: "POST Messages.json", "GET Messages/*.json"."""

    world: World
    faults: Faults
    log: Log

    def answer(
        self, account_sid: str, path: str, act: Callable[[Account], Answer], *, created: bool = False
    ) -> Response:
        """What `act` does for the account, as an answer. Of `path`, what stands in <> has no place in the name."""
        name = f"{request.method} {re.sub('<[^>]+>', '*', path)}"
        fault, started, code = self.faults.take(name), time.monotonic(), 0
        if fault is not None and fault.kind == "http":
            self.log.add(name, status=fault.status, fault="http")
            return Response(f"<html><body>{fault.status}</body></html>", fault.status, mimetype="text/html")
        try:
            account = self._account(account_sid)
            if fault is not None and fault.kind == "errcode":
                raise Refusal(fault.errcode)
            response = written(act(account), created=created)
        except Refusal as refusal:
            code, response = refusal.code, jsonify(refusal.answer())
            response.status_code = refusal.status
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        about = {"status": response.status_code, "errcode": code, "fault": fault.kind if fault else None}
        self.log.add(name, login=_login(), seconds=round(time.monotonic() - started, 4), **about)
        if fault is not None and fault.kind == "reset_after":
            cut_connection()
        return response

    def _account(self, sid: str) -> Account:
        given = request.authorization
        account = self.world.account_of(given.username or "", given.password or "") if given else None
        if account is None:
            raise Refusal(20003)
        account.counts["requests"] += 1
        if account.sid != sid:
            raise missing()
        return account


def own(found: Found | None, account: Account) -> Found:
    """What the account has itself; another's does not exist."""
    if found is None or getattr(found, "account", None) is not account:
        raise missing()
    return found


def missing() -> Refusal:
    return Refusal(20404, f"The requested resource {request.path} was not found")


def written(answer: Answer, *, created: bool = False) -> Response:
    if answer is None:
        return Response(status=204)
    if isinstance(answer, Response):
        return answer
    response = jsonify(enveloped(answer, request.args) if isinstance(answer, Page) else answer)
    response.status_code = 201 if created else 200
    return response


def enveloped(page: Page, query: Mapping[str, str]) -> dict[str, Any]:
    """One page. Its token names the last one of the page before, so that what comes meanwhile shifts nothing."""
    size = min(max(1, _whole(query, "PageSize", PAGE_SIZE)), LARGEST_PAGE)
    number, after = max(0, _whole(query, "Page", 0)), query.get("PageToken", "").removeprefix("PA")
    names = [_name(item) for item in page.items]
    start = names.index(after) + 1 if after in names else number * size
    items = list(page.items[start : start + size])
    filters = {name: value for name, value in query.items() if name not in ("Page", "PageSize", "PageToken")}

    def uri(page_number: int, token: str = "") -> str:
        more = {"PageSize": size, "Page": page_number} | ({"PageToken": f"PA{token}"} if token else {})
        return f"{request.path}?{urlencode({**filters, **more})}"

    return {
        page.key: items,
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(0, len(items) - 1),
        "uri": uri(number, after),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1, _name(items[-1])) if start + size < len(page.items) else None,
        "previous_page_uri": uri(number - 1) if number else None,
    }


def date_of(moment: float) -> str:
    return format_datetime(datetime.fromtimestamp(moment, UTC))


def within(query: Mapping[str, str], name: str, moment: float) -> bool:
    """Whether the moment is on that day, or before or after, as `name`, `name<` and `name>` ask. 0 is no moment."""
    asked = {sign: _moment(query[name + sign]) for sign in BOUNDS if query.get(name + sign)}
    return not asked or (moment > 0 and all(BOUNDS[sign](moment, limit) for sign, limit in asked.items()))


BOUNDS: Mapping[str, Callable[[float, float], bool]] = {
    "": lambda moment, day: day <= moment < day + DAY,
    "<": lambda moment, limit: moment <= limit,
    ">": lambda moment, limit: moment >= limit,
}


def _moment(asked: str) -> float:
    """A day, or a moment of one; in UTC."""
    try:
        moment = datetime.fromisoformat(asked)
    except ValueError:
        raise Refusal(20001, f"{asked} is no date") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("sid") or item.get("call_sid"))


def _whole(query: Mapping[str, str], name: str, usual: int) -> int:
    try:
        return int(query.get(name, usual))
    except ValueError:
        raise Refusal(20001, f"{name} is no number") from None


def _login() -> str:
    """Tells which key it was without showing the secret."""
    given = request.authorization
    return f"{given.username} {fingerprint(given.password or '')}" if given else ""
