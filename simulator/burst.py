"""Many customers writing at once, for the benchmark and the fault tests, with the times the hub took to acknowledge."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from typing import Any

from simulator.accounts import Account, User, World
from simulator.conversation import customer_text
from simulator.push import Pusher
from simulator.wire import Answer


class Burst:
    """One run: `users` customers, each writing `messages` numbered texts."""

    def __init__(self, world: World, pusher: Pusher, account: Account, asked: dict[str, Any]):
        self.id = secrets.token_hex(4)
        self.world, self.pusher, self.asked = world, pusher, asked
        self.users = [world.add_user(account, f"burst {self.id} {number}") for number in range(1, asked["users"] + 1)]
        self._lock = threading.Lock()
        self._answers: list[float] = []
        self._outcomes: Counter[str] = Counter()
        self._pushes = 0
        self._started = time.monotonic()
        self._ended: float | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"burst-{self.id}", daemon=True).start()

    def _run(self) -> None:
        rate, sent = self.asked["rate"], 0
        for number in range(1, self.asked["messages"] + 1):
            for user in self.users:
                if rate:
                    time.sleep(max(0.0, self._started + sent / rate - time.monotonic()))
                self._write(user, str(number))
                sent += 1

    def _write(self, user: User, number: str) -> None:
        text = self.asked["text"].replace("{n}", number)
        push = customer_text(self.world, user, text)
        push.copies, push.on_try, push.on_end = self.asked["each_pushed"], self._tried, self._ended_one
        self.pusher.push(push)

    def _tried(self, answer: Answer, acknowledged: bool) -> None:
        with self._lock:
            self._pushes += 1
            if acknowledged:
                self._answers.append(answer.seconds)

    def _ended_one(self, report: dict[str, Any]) -> None:
        with self._lock:
            self._outcomes[report["outcome"]] += 1
            if sum(self._outcomes.values()) == self.asked["users"] * self.asked["messages"]:
                self._ended = time.monotonic()

    def progress(self) -> dict[str, Any]:
        with self._lock:
            answers, outcomes = sorted(self._answers), dict(self._outcomes)
            seconds = (self._ended or time.monotonic()) - self._started
        total, done = self.asked["users"] * self.asked["messages"], sum(outcomes.values())
        return {
            "id": self.id,
            "users": [user.openid for user in self.users],
            "total": total,
            "done": done,
            "finished": done == total,
            "outcomes": outcomes,
            "pushes": self._pushes,
            "seconds": round(seconds, 4),
            "answer_ms": {"p50": _share(answers, 0.5), "p99": _share(answers, 0.99), "max": _share(answers, 1)},
        }


def _share(ordered: list[float], share: float) -> float | None:
    """The value that this share of all stays at or below."""
    if not ordered:
        return None
    return round(ordered[max(0, min(len(ordered) - 1, int(share * len(ordered) + 0.999999) - 1))] * 1000, 3)
