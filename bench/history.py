"""A hub with years behind it: the same messages in every run, written past the application."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from pypinyin.phrases_dict import phrases_dict
from sqlalchemy import ARRAY

from bench.mail import CLAUSES, WORDS
from hub import models
from hub.db import Base
from hub.words import words_of, words_of_address

MESSAGES, CONVERSATIONS, OPEN = 1_000_000, 100_000, 50_000
AGENTS = 100
DAYS = 365
assert models
CHANNELS = ("shop", "service", "duanxin")
TEAMS = ("sales", "returns", "everyone")
STATUSES = ("open",) * 6 + ("waiting", "bot", "snoozed", "open")
CHINESE, ENGLISH_SHARE = 4_000, 0.2
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
RARE = "琉璃瓦"  # in a few messages only
TABLES = ("agent", "contact", "identity", "conversation", "message", "attachment", "delivery", "allowance")
END = datetime(2026, 11, 1, tzinfo=UTC)


def write(url: str) -> None:
    """Into an empty database that is up to date. Indexes come last: that is much faster."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        for setting in (
            "session_replication_role = replica",
            "maintenance_work_mem = '512MB'",
            "synchronous_commit = off",
        ):
            db.execute(f"SET {setting}")
        found = db.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef !~ 'UNIQUE'",
            [list(TABLES)],
        )
        indexes = found.fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        for table in _tables():
            fill(db, *table)
        for _, definition in indexes:
            db.execute(definition)
        db.execute("VACUUM ANALYZE")


def fill(db: psycopg.Connection[Any], table: str, columns: str, lines: Iterable[str]) -> None:
    rest = _rest(table, columns.split(", "))
    with db.cursor().copy(f"COPY {table} ({_quoted(columns, *rest)}) FROM STDIN".encode()) as copy:
        for chunk in _chunks("\t".join([line, *rest.values()]) for line in lines):
            copy.write(chunk)
    if columns.startswith("id, "):
        db.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}".encode())


def _rest(table: str, written: Sequence[str]) -> dict[str, str]:
    """The columns that nothing here depends on, as the models have them by default."""
    columns = Base.metadata.tables[table].columns
    defaults: dict[str, Any] = {
        column.name: column.default for column in columns if column.default is not None and column.name not in written
    }
    values = {name: each.arg if each.is_scalar else each.arg(None) for name, each in defaults.items()}
    return {name: _text(value, is_array=isinstance(columns[name].type, ARRAY)) for name, value in values.items()}


def _text(value: Any, *, is_array: bool) -> str:
    """Of a default, which is empty if it is a list or a mapping."""
    return "{}" if is_array else json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _quoted(columns: str, *more: str) -> str:
    return ", ".join(f'"{name}"' for name in (*columns.split(", "), *more))


def _chunks(lines: Iterable[str], size: int = 2_000) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == size:
            yield "\n".join(held) + "\n"
            held.clear()
    if held:
        yield "\n".join(held) + "\n"


def line_of(*values: object) -> str:
    return "\t".join("\\N" if value is None else str(value) for value in values)


def _tables() -> Iterator[tuple[str, str, Iterable[str]]]:
    random = Random(11)
    lengths = _lengths(random)
    ends = _ends(random)
    talks = [(who, ends[who] - timedelta(hours=random.expovariate(0.05))) for who in range(CONVERSATIONS)]
    order = _order(random, lengths, talks)
    last = {who: (place, at) for place, (at, who) in enumerate(order, 1)}
    yield (
        "agent",
        "id, email, name, role, created_at",
        (
            line_of(n, "li@example.com" if n == 1 else f"agent{n}@example.com", f"agent {n}", "agent", END)
            for n in range(1, AGENTS + 1)
        ),
    )
    yield "contact", "id, name, language, facts, tags, words, created_at", _contacts()
    yield "identity", "id, contact_id, scheme, value, reachable, opted_out, words, created_at", _identities()
    yield (
        "allowance",
        "identity_id, action, left, limit, until",
        (line_of(3 * who + 1, "message", 3, 5, END + timedelta(days=400)) for who in range(CONVERSATIONS)),
    )
    yield "conversation", CONVERSATION, _conversations(last)
    yield "message", MESSAGE, _messages(order)
    yield (
        "attachment",
        "message_id, medium, name, mime, size, state, created_at",
        (line_of(n, "image", f"截图{n}.png", "image/png", 4000, "ready", END) for n in range(1, MESSAGES, 30)),
    )
    yield (
        "delivery",
        DELIVERY,
        (
            line_of(UUID(int=n), n, 0, CHANNELS[who % 3], 3 * who + 1, "", "{}", "", "lane", "done", at, 1, "", "", at)
            for n, (at, who) in enumerate(order, 1)
            if n % 3 == 0
        ),
    )


CONVERSATION = (
    "id, contact_id, thread, subject, status, team, priority, misses, bot_state, bot_revision, assignee_id, "
    "reply_channel, reply_identity_id, context, unread, last_position, newest_in_sequence, last_activity_at, "
    "waiting_since, created_at, updated_at"
)
MESSAGE = (
    "id, conversation_id, position, direction, author_kind, author_id, author_name, channel, identity_id, kind, text, "
    "payload, sent_at, sequence, created_at, words"
)
DELIVERY = (
    "uid, message_id, part, channel, identity_id, text, payload, receipt, lane, state, due_at, attempts, error, "
    "error_code, created_at"
)


def _lengths(random: Random) -> list[int]:
    """Most are short, some are very long; together they are MESSAGES."""
    lengths = [1 + min(500, int(random.paretovariate(1.1))) for _ in range(CONVERSATIONS)]
    while (missing := MESSAGES - sum(lengths)) > 0:
        for who in random.choices(range(CONVERSATIONS), k=missing):
            lengths[who] += 1
    return lengths


def _ends(random: Random) -> list[datetime]:
    """The open ones are the newer ones, but not all."""
    return [
        END - timedelta(days=random.uniform(0, DAYS if who >= OPEN or who % 5 == 0 else DAYS / 4))
        for who in range(CONVERSATIONS)
    ]


def _order(random: Random, lengths: Sequence[int], talks: Sequence[tuple[int, datetime]]) -> list[tuple[datetime, int]]:
    said = []
    for who, begins in talks:
        at = begins
        for _ in range(lengths[who]):
            at += timedelta(seconds=random.expovariate(0.005))
            said.append((at, who))
    del said[MESSAGES:]
    return sorted(said)


def _contacts() -> Iterator[str]:
    for who in range(CONVERSATIONS):
        name = _name(who)
        yield line_of(who + 1, name, "zh", "{}", "[]", words_of(name), END)


def _name(who: int) -> str:
    return SURNAMES[who % 20] + GIVEN[who // 20 % 20] + (GIVEN[who // 400 % 20] if who % 4 else "")


def _identities() -> Iterator[str]:
    for who in range(CONVERSATIONS):
        addresses = {
            f"wechat:wx{who % 3}": f"oBench{who:022d}",
            "tel": f"+86138{who * 7919 % 100_000_000:08d}",
            "email": f"customer.{who}@example.com",
        }
        for at, (scheme, value) in enumerate(addresses.items(), 3 * who + 1):
            yield line_of(at, who + 1, scheme, value, "t", "f", words_of_address(value), END)


def _conversations(last: dict[int, tuple[int, datetime]]) -> Iterator[str]:
    for who in range(CONVERSATIONS):
        place, at = last.get(who, (0, END))
        status = STATUSES[who % 10] if who < OPEN else "resolved"
        assignee = who // 4 % AGENTS + 1 if status in ("open", "snoozed", "resolved") and who % 4 else None
        waiting = at if status == "waiting" else None
        yield line_of(
            *(
                who + 1,
                who + 1,
                "",
                "",
                status,
                TEAMS[who // 2 % 3],
                1,
                0,
                "{}",
                0,
                assignee,
                CHANNELS[who % 3],
                3 * who + 1,
            ),
            *("{}", who % 3, place, 0, at, waiting, at, at),
        )


def _messages(order: Sequence[tuple[datetime, int]]) -> Iterator[str]:
    random = Random(5)
    texts = _texts(random)
    for n, (at, who) in enumerate(order, 1):
        inbound = n % 3 != 0
        kind, text = ("event", "") if n % 11 == 0 else ("text", next(texts))
        direction = "note" if kind == "event" else "in" if inbound else "out"
        author = "system" if kind == "event" else "contact" if inbound else "agent"
        payload = json.dumps({"event": "claimed", "agent": "agent 1"}) if kind == "event" else "{}"
        yield line_of(
            *(n, who + 1, n, direction, author, who + 1 if inbound else 1, "", CHANNELS[who % 3], 3 * who + 1, kind),
            *(text, payload, at, 0, at, words_of(text)),
        )


def _texts(random: Random) -> Iterator[str]:
    """Clauses that customers repeat, between words of the language by their rank."""
    words = sorted(phrase for phrase in phrases_dict if len(phrase) in (2, 3, 4))
    random.shuffle(words)
    chinese, english = words[:CHINESE], [word.lower() for word in WORDS]
    by_rank = list(accumulate(1 / rank for rank in range(1, CHINESE + 1)))
    goods = ("iPhone15", "iPad", "AirPods", "ThinkPad", "U盘", "Type-C", "WiFi")
    for n in range(MESSAGES):
        if random.random() < ENGLISH_SHARE:
            text = " ".join(random.choices(english, k=random.randint(3, 16)))
        else:
            said = random.choices(chinese, cum_weights=by_rank, k=random.randint(1, 6))
            text = "，".join((random.choice(CLAUSES), "".join(said)))
        if n % 7 == 0:
            text += f" {random.choice(goods)}退款"
        if n % 5 == 0:
            text += f" 订单 DD{20260000000 + random.randrange(10**7)}"
        if n % 150_000 == 99:
            text += RARE
        yield text
