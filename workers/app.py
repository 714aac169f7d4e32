"""The Celery application: queues by kind of job, and the hub inside each process."""

from __future__ import annotations

import gc
import os
import warnings
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.signals import worker_init

from hub.doorbell import IMPATIENT
from workers import timetable

if TYPE_CHECKING:
    from flask import Flask

    from workers.bots.bot import Bot

QUEUES = (
    *("arrival", "bot_turn", "call_action", "delivery", "media_fetch", "poll", "profile_fetch", "reconciliation"),
    *("push", "suggestion", "survey", "transcription"),
    *("typing", timetable.QUEUE),
)

# our tasks are JSON: what a pickle could do to root cannot happen
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

celery = Celery("yizhan", broker=os.environ.get("REDIS_URL"), include=["workers.tasks"])
celery.conf.update(
    broker_transport_options=IMPATIENT,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_prefetch_multiplier=1,
    # a ring that dies with its worker is no loss, the sweep rings again
    task_acks_late=False,
    task_ignore_result=True,
    task_default_queue=timetable.QUEUE,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
)

_made: dict[str, Any] = {}


def hub() -> Flask:
    """The hub of this process."""
    from hub.app import create_core

    if "hub" not in _made:
        _made["hub"] = create_core()
    made: Flask = _made["hub"]
    return made


def bots() -> tuple[dict[str, Bot], str]:
    """The bots of the version in use, and which that is."""
    from workers.bots.registry import make_bots

    settings = hub().extensions["settings"]
    if _made.get("version") != settings.version:
        _made["bots"], _made["version"] = make_bots(settings), settings.version
    return _made["bots"], _made["version"]


@worker_init.connect
def _make_before_fork(**_: Any) -> None:
    """Shared by all processes of a worker. Nothing connects before it is used, so no connection is shared."""
    bots()
    gc.collect()
    gc.freeze()
