"""`python -m bench.size`: how fast lists, threads and search are with a million messages; `--plans` shows why.

The server's part alone: the application is asked in this process, one request after the other.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from psycopg import RawCursor, connect
from sqlalchemy import event

from bench import history
from bench.load import percentile
from bench.stack import REPOSITORY
from hub import embedded
from hub.settings import DEMO_ENVIRONMENT

TIMES = 40
DEEP = 20  # pages
OPEN = {"status": "bot,waiting,open,snoozed"}
LISTS: dict[str, dict[str, str]] = {
    "mine": {**OPEN, "assignee": "me"},
    "waiting": {"status": "waiting"},
    "all": OPEN,
    "all of a channel": {**OPEN, "channel": "service"},
    "all of a team": {**OPEN, "team": "returns"},
    "nobody's": {**OPEN, "assignee": "none"},
    "resolved": {"status": "resolved"},
    "that say 退款": {**OPEN, "q": "退款"},
    f"that say {history.RARE}": {"q": history.RARE},
}
SEARCHES: dict[str, dict[str, str]] = {
    "two characters, common": {"q": "退款"},
    "two characters, in half of all": {"q": "订单"},
    "three characters, rare": {"q": history.RARE},
    "one character": {"q": "款"},
    "a clause": {"q": "还没有发货"},
    "characters that never meet": {"q": "发货 琉璃瓦 积分"},
    "mixed": {"q": "iPhone15退款"},
    "beginning of a word": {"q": "del"},
    "number of an order": {"q": "DD20260"},
    "common, of a day long ago": {"q": "退款", "from": "2026-01-10T00:00:00Z", "to": "2026-01-11T00:00:00Z"},
    "common, by relevance": {"q": "发货 退款", "sort": "relevance"},
    "common, mine": {"q": "退款", "agent": "me"},
    "common, with a file": {"q": "退款", "has": "attachment", "direction": "in"},
    "nothing": {"q": "魑魅魍魉"},
    "name": {"q": "王伟", "kind": "contacts"},
    "surname": {"q": "王", "kind": "contacts"},
    "tail of a phone": {"q": "7919", "kind": "contacts"},
    "mail address": {"q": "customer.4711@example.com", "kind": "contacts"},
}
Goal = tuple[str, float]
FAST, FOUND = ("<", 80.0), ("<", 300.0)


@dataclass(frozen=True)
class Asked:
    what: str
    goal: Goal
    path: str
    query: Mapping[str, str]


@dataclass
class Server:
    app: Flask
    client: FlaskClient
    url: str

    def get(self, path: str, query: Mapping[str, str]) -> Any:
        answer = self.client.get(f"/api/v1{path}", query_string=dict(query))
        assert answer.status_code == 200, (path, query, answer.get_data(as_text=True))
        return answer.get_json()

    def milliseconds(self, asked: Asked) -> list[float]:
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            answer = self.client.get(f"/api/v1{asked.path}", query_string=dict(asked.query))
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (asked, answer.get_data(as_text=True))
        return took

    def plans(self, asked: Asked) -> Iterator[str]:
        """Of each statement of the request."""
        from hub.db import db

        said: list[tuple[str, Any]] = []

        def hear(_c: Any, _r: Any, statement: str, parameters: Any, *_: Any) -> None:
            said.append((statement, parameters))

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", hear)
        try:
            self.get(asked.path, asked.query)
        finally:
            event.remove(engine, "before_cursor_execute", hear)
        with connect(self.url.replace("+psycopg", ""), cursor_factory=RawCursor) as raw:
            for statement, parameters in said:
                if statement.startswith(("SELECT", "WITH")):
                    explained = raw.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}".encode(), parameters or None)
                    yield "\n".join([statement[:300], *(line for (line,) in explained)])


@contextmanager
def filled() -> Iterator[Server]:
    """A hub with a million messages, and an agent of one team at its API."""
    from hub.migrations.run import upgrade

    data = Path(tempfile.mkdtemp(prefix="yizhan-size-"))
    data.chmod(0o711)  # PostgreSQL of a root start runs as another user
    before = dict(os.environ)
    try:
        with embedded.running(data, "postgres", "redis", durable=False) as urls:
            url = urls["postgres"]
            upgrade(url)
            history.write(url)
            os.environ |= {**DEMO_ENVIRONMENT, "YIZHAN_CONFIG": str(REPOSITORY / "config"), "YIZHAN_DEMO": "20000"}
            os.environ |= {"YIZHAN_DATA": str(data / "hub"), "DATABASE_URL": url, "REDIS_URL": urls["redis"]}
            yield _server(url)
    finally:
        os.environ.clear()
        os.environ |= before
        shutil.rmtree(data)


def _server(url: str) -> Server:
    from hub.app import create_app
    from hub.db import db, transaction
    from hub.services import agents

    app = create_app()
    with app.app_context(), transaction():
        token = agents.issue(agents.add("li@example.com", "Li", "agent", None), "api")
    with app.app_context():
        db.engine.dispose()
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return Server(app, client, url)


def questions(server: Server) -> Iterator[Asked]:
    for name, query in LISTS.items():
        yield Asked(f"list: {name}", FAST, "/conversations", query)
        place: dict[str, str] = {}
        for _ in range(DEEP - 1):
            following = server.get("/conversations", {**query, **place})["next"]
            if following is None:
                break
            place = {"cursor": following}
        else:
            yield Asked(f"  its page {DEEP}", FAST, "/conversations", {**query, **place})
    yield Asked("counts", FAST, "/conversations/counts", {})
    longest = server.get("/conversations", {**OPEN, "assignee": "me"})["items"][0]["id"]
    yield Asked("open: the conversation", FAST, f"/conversations/{longest}", {})
    yield Asked("open: its messages", FAST, f"/conversations/{longest}/messages", {})
    yield Asked("contact", FAST, f"/contacts/{longest}", {})
    for name, query in SEARCHES.items():
        yield Asked(f"search: {name}", FOUND, "/search", {"kind": "messages", **query})
    yield Asked("search: everything, as one types", FOUND, "/search", {"q": "王伟"})


def rows(plans: str | None = None) -> Iterator[tuple[str, float, str, Goal | None]]:
    """What, value, unit, goal: as bench.__main__.Row takes them. `plans`: of which questions, by their beginning."""
    began = time.monotonic()
    with filled() as server:
        yield "a million messages written, and indexed", time.monotonic() - began, " s", None
        for asked in questions(server):
            took = server.milliseconds(asked)
            yield f"{asked.what}, p95", percentile(took, 0.95), " ms", asked.goal
            yield "  p50", percentile(took, 0.5), " ms", None
            if plans is not None and asked.what.strip().startswith(plans):
                print(f"\n## {asked.what}\n")
                print("\n\n".join(server.plans(asked)), flush=True)


def main() -> None:
    from bench.__main__ import Row, table

    parser = argparse.ArgumentParser(prog="python -m bench.size")
    parser.add_argument("--plans", nargs="?", const="", metavar="BEGINNING", help="print EXPLAIN of what begins so")
    found = [Row(*row) for row in rows(parser.parse_args().plans)]
    print(table([("", "measured", "goal", ""), *(row.cells() for row in found)]))
    sys.exit(any(row.met is False for row in found))


if __name__ == "__main__":
    main()
