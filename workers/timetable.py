"""What the clock brings, for beat: an application without the hub, so that this process stays small."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab

from hub.doorbell import IMPATIENT

QUEUE = "timetable"

celery = Celery("yizhan", broker=os.environ.get("REDIS_URL"))
celery.conf.update(
    broker_transport_options=IMPATIENT,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    beat_schedule={
        "sweep": {"task": "workers.tasks.sweep", "schedule": 2.0, "options": {"queue": QUEUE, "expires": 2}},
        "look": {"task": "workers.tasks.look_at_files", "schedule": 3.0, "options": {"queue": QUEUE, "expires": 3}},
        # half past three at night in Shanghai: this process does not know the hub's time zone
        "learn": {
            "task": "workers.tasks.learn",
            "schedule": crontab(hour=19, minute=30),
            "options": {"queue": QUEUE, "expires": 3600},
        },
        "read": {"task": "workers.tasks.read_for_search", "schedule": 60.0, "options": {"queue": QUEUE, "expires": 30}},
        "tidy": {"task": "workers.tasks.tidy", "schedule": 3600.0, "options": {"queue": QUEUE, "expires": 600}},
    },
)
