"""Runs the whole of Yizhan on one machine: services, migrations, web, worker and beat, ended together by Ctrl-C."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub import embedded, settings
from hub.children import GaveUp, Printer, Stopped, Supervisor
from hub.embedded import CannotStart
from hub.keys import SETUP_TOKEN
from hub.leash import Child, Leash
from hub.reading import DEMO_PORTS
from hub.settings import DEMO_ENVIRONMENT

SERVICES = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}
# one heap for each process, given back when it is free, and no threads for matrices: some 80 MB less for all together
FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "65536", "OPENBLAS_NUM_THREADS": "1"}
SECONDS_FOR_THE_LAST_RUN = 15.0
SECONDS_FOR_A_SERVICE = 60.0
SECONDS_BEFORE_COMPLAINT = 30.0


@dataclass(frozen=True)
class Plan:
    """What to run on top of the services, and how to know that it runs."""

    first: Sequence[Child]
    children: Sequence[Child]
    ports: Sequence[int]
    ready: Callable[[], bool]
    welcome: Callable[[], str]


def run(config: Path, data: Path, port: int, demo: bool) -> int:
    """The exit status of `yizhan up`."""
    return serve(plan(config.resolve(), data.resolve(), port, demo), data)


def plan(config: Path, data: Path, port: int, demo: bool) -> Plan:
    environment = {
        "YIZHAN_CONFIG": str(config),
        "YIZHAN_DATA": str(data),
        "PYTHONUNBUFFERED": "1",
        **FRUGAL,
    }

    def child(name: str, *command: str) -> Child:
        return Child(name, [sys.executable, "-m", *command], environment)

    # the demo's agents need the tables, so that command brings them up to date itself
    migrating = [child("migrate", "workers", "migrate"), child("setup", "workers", "setup-link", "--quiet")]
    first = [child("demo", "workers", "demo")] if demo else migrating
    children = [
        child("web", "workers", "web", "--port", str(port), "--host", "127.0.0.1" if demo else "0.0.0.0"),
        child("worker", "workers", "worker"),
        child("beat", "workers", "beat"),
    ]
    receiving = settings.receiving_channels(config)
    children += [child(f"receiver {name}", "workers", "receiver", name) for name in receiving]
    if demo:
        hub = f"http://127.0.0.1:{port}"
        children.append(child("simulator", "simulator", "--port", str(port + 1), "--hub", hub))
    ports = [port + offset for offset in DEMO_PORTS] if demo else [port]
    return Plan(
        first,
        children,
        ports,
        ready=lambda: _web_ready(port) and all(map(_listening, ports)),
        welcome=lambda: _welcome(port, demo, data),
    )


def serve(plan: Plan, data: Path) -> int:
    """Until somebody ends it: 0, or 1 when it could not start or go on."""
    names = ["yizhan", *SERVICES, *(each.name for each in (*plan.first, *plan.children))]
    printer = Printer(max(map(len, names)))
    try:
        _make_data(data)
        with _lock(data, printer) as lock:
            _refuse_taken_ports(plan.ports)
            return _supervise(plan, data, printer, Leash(keep_open=[lock]))
    except (CannotStart, GaveUp) as reason:
        printer.plain(str(reason))
        return 1


def _supervise(plan: Plan, data: Path, printer: Printer, leash: Leash) -> int:
    supervisor = Supervisor(leash, printer)
    began = time.monotonic()

    def tell(text: str) -> None:
        printer.line("yizhan", f"{time.monotonic() - began:5.1f} s  {text}")

    with supervisor.signals():
        try:
            _start(plan, data, supervisor, leash, tell)
            printer.plain(plan.welcome())
            supervisor.until(lambda: False)
        except Stopped:
            tell("stopping")
        finally:
            supervisor.stop()
            (data / "run.json").unlink(missing_ok=True)
            leash.close()
    return 0


def _start(plan: Plan, data: Path, supervisor: Supervisor, leash: Leash, tell: Callable[[str], None]) -> None:
    urls = {name: os.environ[name] for name in SERVICES.values() if os.environ.get(name)}
    for name, variable in SERVICES.items():
        if variable not in urls:
            tell(_announce(name, data))
            service = embedded.postgres(data, leash) if name == "postgres" else embedded.redis(data)
            supervisor.start(service.child)
            if not supervisor.until(service.ready, SECONDS_FOR_A_SERVICE):
                raise CannotStart(f"{name} did not answer within {SECONDS_FOR_A_SERVICE:.0f} s.")
            urls[variable] = service.url
    _note_run(data, plan.ports[0], urls)
    for child in plan.first:
        tell(f"running {child.name}")
        supervisor.once(_with(child, urls))
    tell(f"starting {', '.join(child.name for child in plan.children)}")
    for child in plan.children:
        supervisor.start(_with(child, urls))
    while not supervisor.until(plan.ready, SECONDS_BEFORE_COMPLAINT):
        tell("still not ready: the lines above should say why; waiting")
    tell("ready")


def _announce(name: str, data: Path) -> str:
    if name == "postgres" and not embedded.exists(data):
        return "creating the database: only the first start does this"
    return f"starting {name}"


def _with(child: Child, urls: dict[str, str]) -> Child:
    return Child(child.name, child.command, {**child.environment, **urls})


@contextmanager
def services(data: Path) -> Iterator[dict[str, str]]:
    """DATABASE_URL and REDIS_URL for one command: those set, else of a running `up`, else ones for its duration.

    Beside a running demo, the demo's own environment as well.
    """
    urls = {name: os.environ[name] for name in SERVICES.values() if os.environ.get(name)}
    missing = [service for service, variable in SERVICES.items() if variable not in urls]
    if not missing:
        yield urls
        return
    _make_data(data)
    lock = _try_lock(data)
    if lock is None:
        yield _environment_of_the_running(data) | urls
        return
    try:
        with embedded.running(data, *missing, keep_open=[lock]) as started:
            yield urls | {SERVICES[name]: url for name, url in started.items()}
    finally:
        os.close(lock)


def _environment_of_the_running(data: Path) -> dict[str, str]:
    try:
        noted = json.loads((data / "run.json").read_text())
    except FileNotFoundError:
        raise CannotStart(f"{data} is in use by a start or stop that is not finished: try again in a moment.") from None
    urls = {"DATABASE_URL": noted["database_url"], "REDIS_URL": noted["redis_url"]}
    return urls | {**DEMO_ENVIRONMENT, "YIZHAN_DEMO": noted["demo"]} if noted["demo"] else urls


def _note_run(data: Path, port: int, urls: dict[str, str]) -> None:
    demo = os.environ.get("YIZHAN_DEMO", "")
    where = {"database_url": urls["DATABASE_URL"], "redis_url": urls["REDIS_URL"]}
    noted = {"pid": os.getpid(), "port": port, "demo": demo, **where}
    embedded.write_private(data / "run.json", json.dumps(noted, indent=2) + "\n")


def _make_data(data: Path) -> None:
    """Others may pass through but not look: PostgreSQL of a root start runs as another user."""
    data.mkdir(parents=True, exist_ok=True, mode=0o711)
    if not os.access(data, os.W_OK | os.X_OK):
        raise CannotStart(f"{data} belongs to another user: start as that user or choose another --data.")


@contextmanager
def _lock(data: Path, printer: Printer) -> Iterator[int]:
    lock = _try_lock(data)
    if lock is None:
        lock = _wait_for_the_dead(data, printer)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    (data / "run.json").unlink(missing_ok=True)
    try:
        yield lock
    finally:
        os.close(lock)


def _try_lock(data: Path) -> int | None:
    lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _wait_for_the_dead(data: Path, printer: Printer) -> int:
    """A start that was killed leaves the lock to its leash until all its children are gone."""
    holder = (data / "lock").read_text().strip()
    deadline = time.monotonic() + SECONDS_FOR_THE_LAST_RUN
    if not _lives(holder):
        printer.line("yizhan", "the last run was killed: waiting for what is left of it to end")
        while time.monotonic() < deadline:
            lock = _try_lock(data)
            if lock is not None:
                return lock
            time.sleep(0.1)
    raise CannotStart(
        f"Yizhan already runs on {data} (process {holder or 'unknown'}): stop it or choose another --data."
    )


def _lives(pid: str) -> bool:
    if not pid:
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refuse_taken_ports(ports: Sequence[int]) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise CannotStart(f"Port {port} is taken ({error.strerror}): choose another with --port.") from None


def _web_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _welcome(port: int, demo: bool, data: Path) -> str:
    lines = [f"  Inbox         http://127.0.0.1:{port}/"]
    token = data / SETUP_TOKEN
    if demo:
        lines += [
            "  Log in        agent@example.com  password yizhan-demo",
            f"  A customer    http://127.0.0.1:{port + 1}/  writes to the shop from here",
        ]
    elif token.exists():
        lines += [
            f"  Set it up     http://127.0.0.1:{port}/setup?token={token.read_text()}",
            "                this link works once, for a day; `yizhan setup-link` makes another",
        ]
    return "\n".join(["", "Yizhan is ready.", "", *lines, "  Stop          Ctrl-C", ""])
