"""What the fault tests drive: a running stack, its customers on the simulator, its agent on the API, its processes."""

from __future__ import annotations

import os
import re
import signal
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import requests

from bench.stack import APP_ID, Client, Stack, wait_until

FAR_OFF = timedelta(seconds=5)  # a job due later than this waits on purpose
REQUEST_ID = re.compile(r" \(rid: \S+\)$")  # the provider's, another every time
ANSWERED = 60.0  # seconds that a run may take to come to rest


@dataclass
class Shop:
    stack: Stack
    simulator: Client
    api: Client
    _openids: dict[int, str] = field(default_factory=dict)  # by contact

    # the customers

    def customer(self) -> str:
        return str(self.simulator.post(f"/accounts/{APP_ID}/users", {"name": "customer"})["openid"])

    def write(self, openid: str, text: str) -> None:
        """Returns when the push is acknowledged."""
        pushed = self.simulator.post(f"/users/{openid}/messages?wait=1", {"type": "text", "content": text})
        assert pushed["push"]["outcome"] == "delivered"

    def burst(self, users: int, messages: int, **more: Any) -> dict[str, Any]:
        """Starts it: each of the users writes "1", "2" … or the `text` in which {n} is the number."""
        asked = {"app_id": APP_ID, "users": users, "messages": messages, **more}
        started: dict[str, Any] = self.simulator.post("/burst", asked)
        return started

    def pushed(self, burst: dict[str, Any]) -> int:
        return int(self.simulator.get(f"/burst/{burst['id']}")["done"])

    def all_pushed(self, burst: dict[str, Any]) -> dict[str, Any]:
        """Waits until every push has ended, and says how."""
        wait_until(lambda: self.pushed(burst) == burst["total"], "the end of the pushes", ANSWERED)
        ended: dict[str, Any] = self.simulator.get(f"/burst/{burst['id']}")
        return ended

    def seen(self, openid: str) -> list[str]:
        """What the account said, as the customer's phone shows it."""
        items = self.simulator.get(f"/users/{openid}/messages")["items"]
        return [item["text"] for item in items if item["from"] == "account"]

    def fault(self, endpoint: str, kind: str, **more: Any) -> None:
        self.simulator.post("/faults", {"endpoint": endpoint, "kind": kind, **more})

    def fault_taken(self) -> bool:
        return not self.simulator.get("/faults")["items"]

    def calls(self, endpoint: str) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.simulator.get("/log", endpoint=endpoint, limit=20_000)["items"]
        return calls

    # the agent

    def conversations(self, openids: list[str]) -> dict[str, dict[str, Any]]:
        """The one conversation of each; a second one is a failure."""
        found: dict[str, dict[str, Any]] = {}
        wanted, cursor = set(openids), None
        while len(found) < len(wanted):
            page = self.api.get("/conversations", limit=200, **({"cursor": cursor} if cursor else {}))
            for conversation in page["items"]:
                openid = self._openid(conversation["contact"]["id"])
                if openid in wanted:
                    assert openid not in found, "two conversations of one customer"
                    found[openid] = conversation
            cursor = page["next"]
            assert cursor or len(found) == len(wanted), f"{len(wanted) - len(found)} customers are in no conversation"
        return found

    def _openid(self, contact: int) -> str:
        if contact not in self._openids:
            self._openids[contact] = self.api.get(f"/contacts/{contact}")["identities"][0]["value"]
        return self._openids[contact]

    def threads(self, openids: list[str]) -> dict[str, list[dict[str, Any]]]:
        return {openid: self._thread(found["id"]) for openid, found in self.conversations(openids).items()}

    def _thread(self, conversation: int) -> list[dict[str, Any]]:
        page = self.api.get(f"/conversations/{conversation}/messages", limit=200)
        assert page["next"] is None
        messages: list[dict[str, Any]] = page["items"]
        return messages

    def answers(self, openid: str) -> list[dict[str, Any]]:
        return [each for each in self.threads([openid])[openid] if each["direction"] == "out"]

    def delivery(self, openid: str) -> dict[str, Any]:
        """Of the one answer that this customer gets."""
        (answer,) = self.answers(openid)
        delivery: dict[str, Any] = answer["delivery"]
        if error := delivery["error"]:
            error["reason"] = REQUEST_ID.sub("", error["reason"])
        return delivery

    def jobs(self, *states: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.api.get("/jobs", state=",".join(states), limit=200)["items"]
        return items

    def comes_to_rest(self) -> None:
        wait_until(self._ready, "web and its stores answer", ANSWERED)
        try:
            wait_until(self._at_rest, "all work done", ANSWERED)
        except TimeoutError as error:
            left = [(job["id"], job["state"], job["attempts"], job["error"]) for job in self.jobs("pending", "running")]
            raise TimeoutError(f"{error}: {left}, {self.api.get('/channels')}") from None

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.stack.hub}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def _at_rest(self) -> bool:
        soon = (datetime.now(UTC) + FAR_OFF).isoformat()
        spool = self.stack.data / "spool"
        return not any(spool.glob("*.jsonl")) and all(job["due_at"] > soon for job in self.jobs("pending", "running"))

    # the processes

    def kill(self, *programs: str) -> None:
        for program in programs:
            self.signal(signal.SIGKILL, self.stack.pids(program))

    def kill_pool(self) -> None:
        """The processes that do the work; Celery's first one replaces them."""
        self.signal(signal.SIGKILL, self.stack.pids("worker")[1:])

    @staticmethod
    def signal(number: signal.Signals, pids: list[int]) -> None:
        assert pids
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:  # a child of one that we have just killed
                continue


class Inbox(threading.Thread):
    """An open inbox: the names of the events it was sent."""

    def __init__(self, shop: Shop):
        super().__init__(name="inbox", daemon=True)
        self.events: list[str] = []
        self._connection = HTTPConnection("127.0.0.1", shop.stack.port, timeout=60)
        cookies = shop.api.session.cookies.get_dict()
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._connection.request("GET", "/api/v1/stream", headers={"Cookie": cookie})
        self._stream = self._connection.getresponse()
        assert self._stream.status == 200
        self.start()

    def run(self) -> None:
        while line := self._stream.readline():
            if line.startswith(b"event: "):
                self.events.append(line[7:].decode().strip())

    def close(self) -> None:
        sock = self._connection.sock
        if sock:
            sock.shutdown(2)
        self.join(5)
        self._connection.close()
