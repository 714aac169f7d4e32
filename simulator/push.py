"""Pushes to the hub: one user's in order, users side by side, each tried again when it is not acknowledged."""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable

from simulator import events
from simulator.accounts import User, World
from simulator.answers import Reply, Unusable, read_answer
from simulator.conversation import Push
from simulator.envelope import CONTENT_TYPES, seal
from simulator.faults import Faults, Log
from simulator.wire import Wire

THREADS = 64
OUT_OF_SERVICE = "该公众号暂时无法提供服务，请稍后再试"


class Pusher:
    """Lanes of pushes, one per user, worked off by a few threads."""

    def __init__(self, world: World, faults: Faults, log: Log):
        self.world, self.faults, self.log = world, faults, log
        self.wire = Wire()
        self._lock = threading.Lock()
        self._lanes: dict[int, deque[Push]] = {}  # by identity of the user: a reset makes new users, and new lanes
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._alarms = Alarms(self._work)
        for number in range(THREADS):
            threading.Thread(target=self._run, name=f"push-{number}", daemon=True).start()

    def push(self, push: Push) -> Push:
        user = push.user
        self._apply_fault(push)
        push.report.update(
            type=push.fields["MsgType"],
            event=push.fields.get("Event"),
            msg_id=str(push.fields.get("MsgId", "")),
            at=self.world.now(),
            outcome="pending",
            tries=0,
            reason=None,
            seconds=None,
            reply=None,
        )
        with user.changed:
            user.pushes.append(push.report)
            if push.item is not None:
                push.item["push"] = push.report
            user.touch(push.item)
        if push.report["type"] != "event" and self.world.holder(user):
            self._end(push, "held")
            return push
        if push.overtaken_for:
            self._alarms.at(time.monotonic() + push.overtaken_for, lambda: self._start(push))
            return push
        with self._lock:
            lane = self._lanes.get(id(user))
            if lane is not None:
                lane.append(push)
                return push
            self._lanes[id(user)] = deque()
        self._work.put(lambda: self._start(push))
        return push

    def push_later(self, push: Push, seconds: float) -> None:
        """As WeChat tells what became of something: after a while, unless the world has been reset meanwhile."""

        def start() -> None:
            if self.world.users.get(push.user.openid) is push.user:
                self.push(push)

        self._alarms.at(time.monotonic() + seconds, start)

    def reset(self) -> None:
        """Forget what has not been sent yet."""
        with self._lock:
            for lane in self._lanes.values():
                lane.clear()

    def _apply_fault(self, push: Push) -> None:
        fault = self.faults.take("push")
        if fault is not None and fault.kind == "duplicate":
            push.copies = 2
        if fault is not None and fault.kind == "out_of_order":
            push.overtaken_for = fault.seconds

    def _run(self) -> None:
        while True:
            self._work.get()()

    def _start(self, push: Push) -> None:
        push.open_copies = push.copies
        for _ in range(push.copies - 1):
            self._work.put(lambda: self._try(push, 1))
        self._try(push, 1)

    def _try(self, push: Push, number: int) -> None:
        account = push.user.account
        started = time.monotonic()
        query, body = seal(account, push.fields)
        answer = self.wire.post(account.push_url, query, body, CONTENT_TYPES[account.format], account.push_timeout)
        reply, failure = None, ""
        try:
            reply = read_answer(self.world, push.user, push.fields, answer)
        except Unusable as error:
            failure = str(error)
        self.log.add(
            "push",
            app_id=account.app_id,
            openid=push.user.openid,
            msg_id=push.report["msg_id"],
            type=push.report["type"],
            number=number,
            status=answer.status,
            why=failure,
            reply=reply.type if reply else None,
            seconds=round(answer.seconds, 4),
        )
        if push.on_try is not None:
            push.on_try(answer, not failure)
        with push.user.changed:
            push.report["tries"] += 1
            push.report["reason"] = failure or None
            push.report["seconds"] = round(answer.seconds, 4)
        if reply is not None:
            self._take_reply(push, reply)
        if failure and number < account.push_tries:
            # WeChat gives each try its five seconds, however early it failed.
            self._alarms.at(started + account.push_timeout, lambda: self._try(push, number + 1))
            push.user.touch(push.item)
        else:
            self._end_copy(push, delivered=not failure)

    def _take_reply(self, push: Push, reply: Reply) -> None:
        """The first reply counts: copies of a push may each bring one."""
        user = push.user
        with user.changed:
            if push.report["reply"] is not None or not (push.answerable and user.reachable):
                return
            push.report["reply"] = reply.type
            if reply.type != "transfer_customer_service":
                user.typing_until = 0.0
                user.show(
                    **{"from": "account"}, type=reply.type, ai=False, via="reply", at=self.world.now(), **reply.shown
                )
        if reply.kf_account in user.account.kf_accounts:
            self.push(events.taken(self.world, user, reply.kf_account))

    def _end_copy(self, push: Push, *, delivered: bool) -> None:
        user = push.user
        with user.changed:
            push.open_copies -= 1
            if delivered or push.report["outcome"] == "pending":
                push.report["outcome"] = "delivered" if delivered else "failed"
            if push.open_copies:
                return
            if push.report["outcome"] == "delivered":
                push.report["reason"] = None
            elif push.answerable and user.account.may.official and user.reachable:
                user.show(**{"from": "wechat"}, type="notice", ai=False, at=self.world.now(), text=OUT_OF_SERVICE)
            user.touch(push.item)
        self._end(push)
        if not push.overtaken_for:
            self._next(user)

    def _end(self, push: Push, outcome: str = "") -> None:
        if outcome:
            push.report["outcome"] = outcome
        push.ended.set()
        if push.on_end is not None:
            push.on_end(push.report)

    def _next(self, user: User) -> None:
        with self._lock:
            lane = self._lanes[id(user)]
            if not lane:
                del self._lanes[id(user)]
                return
            push = lane.popleft()
        self._work.put(lambda: self._start(push))


class Alarms:
    """Puts work into the queue when its time has come."""

    def __init__(self, work: queue.SimpleQueue[Callable[[], None]]):
        self._work = work
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="push-alarms", daemon=True).start()

    def at(self, moment: float, what: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._due, (moment, next(self._numbers), what))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                _, _, what = heapq.heappop(self._due)
            self._work.put(what)
