"""Wakes workers for jobs. Never raises, never waits long: the jobs are safe in the database, the sweep finds them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from celery import Celery
from kombu.exceptions import OperationalError
from redis import RedisError

from hub.cache import connect

log = logging.getLogger(__name__)
# Celery's defaults wait six seconds for a dead broker, longer than WeChat waits for our answer
IMPATIENT = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 2,
}
WORK = "workers.tasks.work"
TYPING = "workers.tasks.show_typing"
# a wake that a dying worker took with it must not silence the next ones for long
PENDING_SECONDS = 3
GIVE_UP_SECONDS = 1.0

Doorbell = Callable[[Iterable[str]], None]


def pending_key(kind: str) -> str:
    return f"wake:{kind}"


def celery_doorbell(redis_url: str) -> Doorbell:
    """Rings once per kind of job: a wake that no worker has taken up yet needs no second."""
    celery = sender(redis_url)
    redis = connect(redis_url)
    deaf_until = 0.0

    def ring(kinds: Iterable[str]) -> None:
        nonlocal deaf_until
        if time.monotonic() < deaf_until:
            return
        try:
            for kind in kinds:
                if redis.set(pending_key(kind), 1, nx=True, ex=PENDING_SECONDS):
                    celery.send_task(WORK, [kind], queue=kind, retry=False, ignore_result=True)
        except (OperationalError, RedisError) as error:
            deaf_until = time.monotonic() + GIVE_UP_SECONDS
            log.warning("no broker to ring: %s", type(error).__name__)

    return ring


def late_doorbell(redis_url: str) -> Callable[[str, timedelta], None]:
    """Rings after a while. It need not be on time: the sweep finds what is due as well."""
    celery = sender(redis_url)

    def ring(kind: str, delay: timedelta) -> None:
        try:
            wait = delay.total_seconds()
            celery.send_task(WORK, [kind], queue=kind, countdown=wait, retry=False, ignore_result=True)
        except (OperationalError, RedisError) as error:
            log.warning("no broker to ring: %s", type(error).__name__)

    return ring


def sender(redis_url: str) -> Celery:
    celery = Celery(broker=redis_url, set_as_current=False)
    celery.conf.broker_transport_options = IMPATIENT
    return celery


def typing_doorbell(redis_url: str) -> Callable[[str, str, str], None]:
    """Rings for a "somebody is writing" on a channel: (channel, scheme, value). Lost rings are no loss."""
    celery = sender(redis_url)

    def ring(*address: str) -> None:
        try:
            celery.send_task(TYPING, address, queue="typing", expires=5, retry=False, ignore_result=True)
        except (OperationalError, RedisError) as error:
            log.warning("no broker to ring: %s", type(error).__name__)

    return ring
