"""From the bots ops described to bots that answer."""

from __future__ import annotations

from hub.settings import Settings
from workers.bots.contract import Bot


def make_bots(settings: Settings) -> dict[str, Bot]:
    """Every bot of config/bots, by name. Making one may take a while: once per process."""
    return {name: bot.engine(bot.settings, settings.knowledge) for name, bot in settings.bots.items()}
