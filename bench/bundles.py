"""What a browser loads of the inbox before somebody can work, gzipped: read from the build's manifest."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from bench.stack import REPOSITORY

BUILT = REPOSITORY / "hub/static/inbox"
ROUTER = REPOSITORY / "inbox/src/router.ts"
LANGUAGE = "zh-CN"
START, SHELL, INBOX, LOGIN = "index.html", *(f"src/views/{name}View.vue" for name in ("Shell", "Inbox", "Login"))
THREAD = "src/components/thread/ThreadPane.vue"
Goal = tuple[str, float]
LOGIN_MOST, INBOX_MOST, PART_MOST = 120.0, 180.0, 60.0


@cache
def manifest() -> dict[str, Any]:
    built: dict[str, Any] = json.loads((BUILT / ".vite/manifest.json").read_text())
    return built


@cache
def areas() -> dict[str, list[str]]:
    """The locale files that each view waits for, as the router says."""
    found: dict[str, list[str]] = {}
    for route in re.split(r"(?=component: \(\) => import\()", ROUTER.read_text())[1:]:
        view = route.split("'")[1].removeprefix("./")
        named = re.search(r"areas: \[([^\]]*)\]", route)
        found[f"src/{view}"] = re.findall(r"'(\w+)'", named[1]) if named else []
    assert found[LOGIN] and found[SHELL], f"{ROUTER} says in another way what its pages wait for"
    return found


def needed(*views: str) -> set[str]:
    """Every file that these views make a browser load, whatever it was named after in the sources."""
    wanted = [START, *views, *(_locale(area) for view in (START, *views) for area in _areas_of(view))]
    files: set[str] = set()
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        chunk = manifest()[name]
        files |= {chunk["file"], *chunk.get("css", [])}
        wanted += chunk.get("imports", [])
    return files


def kilobytes(files: Iterable[str]) -> float:
    return sum(len(gzip.compress((BUILT / name).read_bytes(), 9)) for name in files) / 1024


def rows() -> Iterator[tuple[str, float, str, Goal | None]]:
    """What, value, unit, goal: as bench.__main__.Row takes them."""
    inbox = needed(SHELL, INBOX)
    yield "first load of the login, gzipped", kilobytes(needed(LOGIN)), " KB", ("≤", LOGIN_MOST)
    yield "first load of the inbox", kilobytes(inbox), " KB", ("≤", INBOX_MOST)
    yield "  and a conversation besides", kilobytes(needed(SHELL, INBOX, THREAD) - inbox), " KB", ("≤", PART_MOST)
    parts = {name: kilobytes(needed(SHELL, name) - inbox) for name in lazy_parts()}
    heaviest = max(parts, key=parts.__getitem__)
    yield (
        f"  the heaviest of what comes when asked for: {Path(heaviest).stem}",
        parts[heaviest],
        " KB",
        ("≤", PART_MOST),
    )


def lazy_parts() -> list[str]:
    return [name for name, chunk in manifest().items() if chunk.get("isDynamicEntry") and "/locales/" not in name]


def _areas_of(view: str) -> list[str]:
    return ["common"] if view == START else areas().get(view, [])


def _locale(area: str) -> str:
    return f"src/locales/{LANGUAGE}/{area}.json"
