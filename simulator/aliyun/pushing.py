"""What becomes of messages to phones, and what is pushed: reports of them (SmsReport), and people's answers (SmsUp).

https://help.aliyun.com/zh/sms/developer-reference/configure-delivery-receipts-1
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from simulator.aliyun.accounts import FAILED, RECEIVED, Account, Sent, sequence_ids, time_of
from simulator.twilio.callbacks import Callbacks
from simulator.twilio.segments import segments
from simulator.twilio.world import Handset, World
from simulator.wire import Answer, Wire

ARRIVES_AFTER, REPORTED_AFTER = 0.1, 0.4  # seconds
AGAIN_AFTER = (60.0, 300.0, 600.0)  # of the simulator's clock; then it is lost
ANSWERED_WITHIN = 5.0
CONTENT_TYPE = "application/json;charset=utf-8"
USUAL_FAILURE = "MOBILE_NOT_ON_SERVICE"
WORDS: Mapping[str, str] = {"DELIVERED": "用户接收成功", USUAL_FAILURE: "手机停机、空号或关机"}


@dataclass(frozen=True, slots=True)
class Push:
    """One on its way. `entry` is what tests see of it, `shown` what the handset does."""

    account: Account
    item: Mapping[str, Any]
    entry: dict[str, Any]
    boot: str
    handset: Handset | None = None
    shown: dict[str, Any] | None = None


class Aliyun:
    def __init__(self, world: World, callbacks: Callbacks):
        self.world, self._callbacks, self._wire = world, callbacks, Wire()
        self.accounts: dict[str, Account] = {}  # by their keys

    def sender(self, number: str) -> Account | None:
        """Whose texts come from this number."""
        return next((each for each in self.accounts.values() if each.sender == number), None)

    def clear(self) -> None:
        """With the phones that it shares with others."""
        self.accounts.clear()
        self.world.clear()

    # -- to a phone

    def carry(self, account: Account, sent: Sent) -> None:
        script = self.world.handset(f"+86{sent.number}").script
        arrive, report = partial(self._arrive, account, sent), partial(self._report, account, sent)
        if script.callbacks == "early":
            arrive()
            report()
            return
        self.world.later(ARRIVES_AFTER, arrive)
        self.world.later(REPORTED_AFTER, report)

    def _arrive(self, account: Account, sent: Sent) -> None:
        handset = self.world.handset(f"+86{sent.number}")
        if handset.script.outcome in ("delivered", "sent"):
            handset.show(
                **{"from": "shop"}, peer=account.sender, text=sent.text, media=[], at=self.world.now(), sid=sent.biz_id
            )

    def _report(self, account: Account, sent: Sent) -> None:
        script = self.world.handset(f"+86{sent.number}").script
        if script.outcome == "sent":
            return
        success = script.outcome == "delivered"
        sent.ended_at, sent.status = self.world.now(), RECEIVED if success else FAILED
        sent.error = "" if success else script.error or USUAL_FAILURE
        code = sent.error or "DELIVERED"
        item = {
            "phone_number": sent.number,
            "send_time": time_of(sent.sent_at),
            "report_time": time_of(sent.ended_at),
            "success": success,
            "err_code": code,
            "err_msg": WORDS.get(code, code),
            "sms_size": str(segments(sent.text)),
            "biz_id": sent.biz_id,
            "out_id": sent.out_id,
        }
        if script.callbacks == "lost":
            return
        push = self._pushed(account, "SmsReport", item)
        for _ in range(2 if script.callbacks == "twice" else 1):
            told = self._callbacks.after(None, partial(self._try, push))
        if script.callbacks == "early":
            told.result()

    # -- from a phone

    def text(self, account: Account, handset: Handset, body: str) -> dict[str, Any]:
        """Returned as the handset shows it, with what becomes of it."""
        item = {
            "phone_number": handset.number.removeprefix("+86"),
            "send_time": time_of(self.world.now()),
            "content": body,
            "sign_name": account.signs[0],
            "dest_code": account.sender,
            "sequence_id": next(sequence_ids),
        }
        with self.world.lock:  # the order on the phone is the order of the pushes
            shown = handset.show(
                **{"from": "customer"},
                peer=account.sender,
                text=body,
                media=[],
                at=self.world.now(),
                sid=str(item["sequence_id"]),
                push={"outcome": "pending", "reason": None},
            )
            push = self._pushed(account, "SmsUp", item, handset, shown)
            handset.pushed = self._callbacks.after(handset.pushed, partial(self._try, push))
        return shown

    # -- to the hub

    def _pushed(
        self,
        account: Account,
        kind: str,
        item: Mapping[str, Any],
        handset: Handset | None = None,
        shown: dict[str, Any] | None = None,
    ) -> Push:
        url = urlsplit(account.push_url)._replace(query="").geturl()
        fields = {name: value for name, value in item.items() if name != "content"}
        about = {"kind": kind, "account": account.key_id, "url": url, "fields": fields}
        entry = self.world.record({**about, "tries": 0, "outcome": "pending", "status": 0, "failure": ""})
        return Push(account, item, entry, self.world.boot, handset, shown)

    def _try(self, push: Push) -> None:
        if push.boot != self.world.boot:
            return
        url, body = push.account.push_url, json.dumps([push.item], ensure_ascii=False).encode()
        answer = self._wire.post(url, urlsplit(url).query, body, CONTENT_TYPE, ANSWERED_WITHIN)
        failure = _failure_of(answer)
        push.entry.update(tries=push.entry["tries"] + 1, status=answer.status, failure=failure)
        if failure and push.entry["tries"] <= len(AGAIN_AFTER):
            again = partial(self._callbacks.after, None, partial(self._try, push))
            self.world.later(AGAIN_AFTER[push.entry["tries"] - 1], again)
            return
        push.entry["outcome"] = "unanswered" if failure else "answered"
        if push.handset:
            fate = {"outcome": "failed" if failure else "delivered", "reason": failure or None}
            push.handset.touch(push.shown, push=fate)


def _failure_of(answer: Answer) -> str:
    """Taken is what is answered with 200 and a code of 0."""
    if answer.failure or answer.status != 200:
        return answer.failure or f"HTTP {answer.status}"
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    return "" if isinstance(told, dict) and told.get("code") == 0 else "the answer is not code 0"
