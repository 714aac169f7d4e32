"""Customers who write and read their answers: the way from the push over the bot to the provider and back."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import percentile
from bench.stack import APP_ID, REPOSITORY, Client, Stack

QUESTION = "第 {n} 个问题"  # no bot says the same twice
ENTRY = """
[[entry]]
id = "number-{n}"
questions = ["第 {n} 个问题"]
answer.zh = "第 {n} 个答案"
"""
QUESTIONS_EACH = 4  # the provider allows five answers: the last is kept for a person
SECONDS_TO_ANSWER = 60.0


@dataclass(frozen=True)
class Answered:
    messages: int
    rate: float  # from the first question to the last answer
    p99: float  # from a question to its answer, as the customers see them


@contextmanager
def knowledge() -> Iterator[Path]:
    """The sample's configuration, which also knows what is asked here."""
    with tempfile.TemporaryDirectory(prefix="yizhan-bench-") as folder:
        config = Path(shutil.copytree(REPOSITORY / "config", Path(folder) / "config"))
        entries = (ENTRY.replace("{n}", str(number)) for number in range(1, QUESTIONS_EACH + 1))
        (config / "faq" / "bench.toml").write_text("".join(entries), encoding="utf-8")
        yield config


def at_once(stack: Stack, customers: int) -> Answered:
    """All questions are there from the start."""
    return _asked(stack.simulator, customers, None)


def at_rate(stack: Stack, rate: float, seconds: float) -> Answered:
    return _asked(stack.simulator, max(1, round(rate * seconds / QUESTIONS_EACH)), rate)


def _asked(simulator: Client, customers: int, rate: float | None) -> Answered:
    burst = simulator.post(
        "/burst", {"app_id": APP_ID, "users": customers, "messages": QUESTIONS_EACH, "text": QUESTION, "rate": rate}
    )
    ends = time.monotonic() + SECONDS_TO_ANSWER + (burst["total"] / rate if rate else 0)
    written, waits, last = [], [], 0.0
    for openid in burst["users"]:
        questions, answers = _chat(simulator, openid, ends)
        written += questions
        waits += [answer - question for question, answer in zip(questions, answers, strict=True)]
        last = max(last, *answers)
    return Answered(len(waits), len(waits) / (last - min(written)), percentile(waits, 0.99))


def _chat(simulator: Client, openid: str, ends: float) -> tuple[list[float], list[float]]:
    """When each question was written and when its answer was there, once all are."""
    while True:
        items = simulator.get(f"/users/{openid}/messages")["items"]
        questions, answers = _times(items, "customer"), _times(items, "account")
        if len(answers) >= QUESTIONS_EACH:
            return questions, answers
        if time.monotonic() > ends:
            raise TimeoutError(f"{len(answers)} of {QUESTIONS_EACH} questions are answered")
        time.sleep(0.5)  # looking costs the simulator time


def _times(items: list[dict[str, Any]], sender: str) -> list[float]:
    return [item["at"] for item in items if item["from"] == sender]
