"""The command line: the hub's commands, and those that need workers and bots."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from hub import settings as configuration
from hub.commands import CONFIG, yizhan
from hub.settings import ConfigError

__all__ = ["yizhan"]

CELERY = [sys.executable, "-m", "celery", "--quiet", "-A"]
QUIET = ["--loglevel", "WARNING"]


@yizhan.command()
def worker() -> None:
    """Does what the database says is due."""
    from workers.app import QUEUES

    processes = configuration.from_environment().hub.processes.worker
    options = ["--concurrency", str(processes), "--queues", ",".join(QUEUES)]
    quiet = [*QUIET, "--without-gossip", "--without-mingle", "--without-heartbeat"]
    _step_back()
    os.execv(sys.executable, [*CELERY, "workers.app:celery", "worker", *options, *quiet])


def _step_back() -> None:
    """A push that waits for us is a retry; a job that waits is not noticed."""
    os.nice(10)
    # where Linux shares the CPU between sessions, niceness counts within one only; not too far back, for among the
    # other sessions are programs that have nothing to do with us
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("5")


@yizhan.command()
def beat() -> None:
    """Rings the bell for what the clock brings: one per installation."""
    schedule = Path(os.environ.get("YIZHAN_DATA", "data")) / "beat"
    os.execv(
        sys.executable,
        [*CELERY, "workers.timetable:celery", "beat", "--schedule", str(schedule), "--pidfile", "", *QUIET],
    )


@yizhan.group()
def bot() -> None:
    """The bots of config/bots."""


@bot.command()
@click.argument("text")
@click.option("--bot", "name", help="Its name in config/bots; needed where there are several.")
@CONFIG
def ask(text: str, name: str | None, config: Path) -> None:
    """Show what a bot answers, and why."""
    from workers.bots.contract import HandOver, Say, Turn
    from workers.bots.registry import make_bots

    os.environ["YIZHAN_CONFIG"] = str(config)
    # asking talks to nobody: the sample will do
    os.environ.update({**configuration.DEMO_ENVIRONMENT, "YIZHAN_DEMO": str(configuration.DEMO_PORT), **os.environ})
    try:
        bots = make_bots(configuration.from_environment())
    except ConfigError as error:
        raise click.ClickException("\n".join(error.problems)) from None
    chosen = name or (next(iter(bots)) if len(bots) == 1 else None)
    if chosen not in bots:
        raise click.ClickException(f"choose a bot with --bot: {', '.join(bots)}")
    match bots[chosen].answer(Turn(text=text)):
        case Say(text=said, candidates=candidates, choices=choices):
            click.echo("\n· ".join((said, *choices)))
        case HandOver(reason=reason, candidates=candidates):
            click.echo(f"(hands over: {reason})")
        case None:
            click.echo("(does not understand)")
            return
    for candidate in candidates:
        click.echo(f"  {candidate.score:.2f}  {candidate.id}  {candidate.question}", err=True)
