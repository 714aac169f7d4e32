"""Takes up what ops change in bots and knowledge: once it is whole, right, and gets right what it must."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub import current, settings
from hub.db import now, transaction
from hub.knowledge import library
from hub.services import versions
from hub.settings import ConfigError
from workers.bots.registry import make_bots
from workers.bots.reports import Report, SuiteReport
from workers.bots.trying import try_all

log = logging.getLogger(__name__)
AT_REST = 1.5  # seconds without a change: several files are rarely saved at once
_looked: dict[Path, tuple[object, ...]] = {}


def look() -> None:
    folder = current.settings().folder
    standing = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in _files(folder))
    newest_change = max((changed for _, changed, _ in standing), default=0) / 1e9
    if _looked.get(folder) == standing or time.time() - newest_change < AT_REST:
        return
    try:
        texts = settings.teachable(folder)
    except ConfigError as error:  # a file is gone, or cannot be read: its turn comes again
        log.warning("config cannot be read: %s", "; ".join(error.problems))
        return
    _looked[folder] = standing
    fingerprint = library.fingerprint(texts)
    with transaction():
        known = versions.newest()
        if known is not None and known.fingerprint == fingerprint:
            return
    before = Report.from_json(json.dumps(known.report)) if known is not None and known.report else Report()
    problems, report = _judged(texts, before)
    with transaction():
        versions.note(texts, fingerprint, problems, report, accepted=not problems)
    if problems:
        log.error("the new version %s of bots and knowledge is refused: %s", fingerprint, "; ".join(problems))


def _files(folder: Path) -> list[Path]:
    return [path for path in settings.taught_by(folder) if path.exists()]


def _judged(texts: dict[str, str], before: Report) -> tuple[list[str], dict[str, Any]]:
    """What is wrong with this version, and what its suites say."""
    try:
        new = settings.learned(current.settings(), texts)
    except ConfigError as error:
        return error.problems, {}
    at = now().astimezone(ZoneInfo(new.hub.timezone))
    try:
        report = try_all(make_bots(new), new.knowledge.suites, at)
    except LookupError as error:
        return [f"tests: {error}"], {}
    problems = [f"tests/{suite.suite}.toml: {said}" for suite in report.suites for said in _failed(suite)]
    drift = report.drift(before)
    return problems, {**json.loads(report.to_json()), "regressed": drift.regressed}


def _failed(suite: SuiteReport) -> Iterator[str]:
    for name, value in suite.below.items():
        yield f"{name} is {value:.2f}, and must be {suite.floors[name]:.2f}"
    for script in suite.scripts:
        if failed := next((step for step in script.steps if not step.passed), None):
            yield f"script “{script.name}”: “{failed.customer}” should {failed.expected}, and {failed.came} came of it"
