"""The command line: the hub's commands, and those that need workers and bots."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from hub import settings as configuration
from hub.commands import yizhan
from workers.bots.commands import bot
from workers.learning_commands import learn, proposals, versions

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


for each in (learn, proposals, versions):
    bot.add_command(each)
yizhan.add_command(bot)
