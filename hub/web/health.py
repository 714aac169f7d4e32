"""For the machines that watch: alive, ready, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from flask import Blueprint, Response, current_app
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from redis import Redis, RedisError
from sqlalchemy.exc import SQLAlchemyError

from hub.jobs import backlog
from hub.queries import operations
from hub.services import versions
from hub.web.problems import problem

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    return Response("ok\n", content_type="text/plain")


@health.get("/readyz")
def ready() -> Response:
    """Both stores answer. Pushes are taken in even while this says no."""
    try:
        operations.database_answers()
    except SQLAlchemyError:
        return problem(503, "database_away", "PostgreSQL does not answer.")
    try:
        cast(Redis, current_app.extensions["redis"]).ping()
    except RedisError:
        return problem(503, "redis_away", "Redis does not answer.")
    return Response("ready\n", content_type="text/plain")


@health.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry()
    registry.register(Backlog())
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")


class Backlog:
    """Read from the database at each scrape, so that every process gives the same answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily("yizhan_jobs", "Jobs that are not done.", labels=["kind", "state"])
        age = GaugeMetricFamily("yizhan_oldest_job_seconds", "Age of the oldest of them.", labels=["kind", "state"])
        for kind, state, count, oldest in backlog():
            jobs.add_metric([kind, state], count)
            age.add_metric([kind, state], oldest)
        paused = GaugeMetricFamily("yizhan_channel_paused", "1 while a channel cannot send.", labels=["channel"])
        deaf = GaugeMetricFamily("yizhan_channel_deaf", "1 while what comes in is not read.", labels=["channel"])
        for channel in operations.channels():
            paused.add_metric([channel.name], channel.state == "paused")
            if channel.receiver:
                deaf.add_metric([channel.name], channel.receiver.state != "ok")
        refused = GaugeMetricFamily("yizhan_bots_refused", "1 while a change to the bots' files is not taken up.")
        newest = versions.newest()
        refused.add_metric([], newest is not None and not newest.accepted)
        yield from (jobs, age, paused, deaf, refused)
