"""From the bots ops described to bots that answer."""

from __future__ import annotations

from collections import Counter

from hub.settings import BotConfig, Settings
from workers.bots.bot import Bot
from workers.bots.contract import Engine
from workers.bots.manners import Manners


def make_bots(settings: Settings) -> dict[str, Bot]:
    """Every bot of config/bots, by name. Making one may take a while: once per process and version."""
    return {name: _bot(config, settings) for name, config in settings.bots.items()}


def _bot(config: BotConfig, settings: Settings) -> Bot:
    made: list[tuple[str, Engine]] = []
    seen: Counter[str] = Counter()
    for each in config.engines:
        seen[each.name] += 1
        called = each.name if seen[each.name] == 1 else f"{each.name} {seen[each.name]}"
        made.append((called, each.engine(each.settings, settings.knowledge)))
    return Bot(config.file, tuple(made), settings.knowledge, Manners(config.file.hand_over))
