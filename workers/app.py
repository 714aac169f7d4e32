"""The Celery application: queues by kind of job, the timetable, and the hub inside each process."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from flask import Flask

from hub.doorbell import IMPATIENT
from workers.bots.contract import Bot

QUEUES = ("arrival", "bot_turn", "delivery", "media_fetch", "typing", "timetable")

celery = Celery("yizhan", broker=os.environ.get("REDIS_URL"), include=["workers.tasks"])
celery.conf.update(
    broker_transport_options=IMPATIENT,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_prefetch_multiplier=1,
    # a ring that dies with its worker is no loss, the sweep rings again
    task_acks_late=False,
    task_ignore_result=True,
    task_default_queue="timetable",
    task_routes={"workers.tasks.sweep": {"queue": "timetable"}, "workers.tasks.tidy": {"queue": "timetable"}},
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    beat_schedule={
        "sweep": {"task": "workers.tasks.sweep", "schedule": 2.0, "options": {"expires": 2}},
        "tidy": {"task": "workers.tasks.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    },
)

_hub: dict[str, Any] = {}


def hub() -> Flask:
    """The hub of this process, made when first needed: after the fork, so that no connection is shared."""
    if "app" not in _hub:
        from hub.app import create_core

        _hub["app"] = create_core()
    app: Flask = _hub["app"]
    return app


def bots() -> dict[str, Bot]:
    from workers.bots.registry import make_bots

    if "bots" not in _hub:
        _hub["bots"] = make_bots(hub().extensions["settings"])
    made: dict[str, Bot] = _hub["bots"]
    return made


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    bots()
