"""`yizhan up`: everything starts, says so, comes back, and ends together. Its children here are a few lines each."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from hub import up
from tests.places import free_port

REPOSITORY = Path(__file__).parents[2]
ELSEWHERE = {"DATABASE_URL": "postgresql+psycopg://elsewhere/x", "REDIS_URL": "redis://elsewhere/0"}

STARTER = """
import json, sys
from pathlib import Path
from hub import up
from hub.leash import Child

data, port, first, children, wanted = sys.argv[1], int(sys.argv[2]), *map(json.loads, sys.argv[3:])
child = lambda name, code: Child(name, [sys.executable, "-u", "-c", code])
sys.exit(up.serve(up.Plan(
    first=[child(*each) for each in first.items()],
    children=[child(*each) for each in children.items()],
    ports=[port],
    ready=lambda: all((Path(data) / name).exists() for name in wanted),
    welcome=lambda: "WELCOME",
), Path(data)))
"""
STEADY = (
    "import os, pathlib, time; pathlib.Path({file!r}).write_text(str(os.getpid())); print('hello'); time.sleep(600)"
)
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STEADY
PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); " + STEADY


class Started:
    """A running `up` and all it has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
        self.process.stdout.close()

    def says(self, text: str, seconds: float = 20) -> None:
        wait_for(lambda: any(text in line for line in self.lines), f"{text!r} in {self.lines}", seconds)

    def ended(self, seconds: float = 20) -> int:
        code = self.process.wait(seconds)
        self._reader.join()
        return code


Start = Callable[..., Started]


@pytest.fixture
def start(data: Path) -> Iterator[Start]:
    started: list[Started] = []

    def begin(
        children: Mapping[str, str],
        *,
        first: Mapping[str, str] | None = None,
        wanted: tuple[str, ...] = (),
        port: int | None = None,
        environment: Mapping[str, str] = ELSEWHERE,
    ) -> Started:
        asked = [json.dumps(each) for each in (first or {}, children, wanted)]
        kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(STARTER), str(data), str(port or free_port()), *asked],
            cwd=REPOSITORY,
            env={**kept, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(Started(process))
        return started[-1]

    yield begin
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
        each.ended()


def wait_for(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def steady(data: Path, name: str, code: str = STEADY, **more: str) -> str:
    return code.format(file=str(data / name), **more)


def pid_of(data: Path, name: str) -> int:
    wait_for(lambda: (data / name).exists() and bool((data / name).read_text()), f"{name} to run")
    return int((data / name).read_text())


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_first_things_first_then_the_welcome(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web")}, first={"migrate": "print('tables made')"}, wanted=("web",))
    run.says("WELCOME")
    said = [line.split("|")[-1].strip() for line in run.lines]
    heard = [line.partition("s  ")[2] or line for line in said if line != "hello"]
    assert heard == ["running migrate", "tables made", "starting web", "ready", "WELCOME"]


def test_each_line_stands_under_the_name_of_its_speaker(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web"), "simulator": "print('one\\ntwo'); import time; time.sleep(600)"})
    run.says("two")
    run.says("hello")
    assert {"web       | hello", "simulator | one", "simulator | two"} <= set(run.lines)


def test_a_crashed_child_comes_back(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web"), "worker": steady(data, "worker")}, wanted=("web", "worker"))
    run.says("WELCOME")
    first = pid_of(data, "worker")
    (data / "worker").unlink()
    os.kill(first, signal.SIGKILL)
    run.says("worker   | ended (killed by SIGKILL): starting it again in 1 s")
    assert pid_of(data, "worker") != first
    assert lives(pid_of(data, "web"))


def test_the_children_of_a_crashed_child_do_not_stay(data: Path, start: Start) -> None:
    start({"web": steady(data, "web", PARENT, child=steady(data, "grandchild"))})
    grandchild = pid_of(data, "grandchild")
    os.kill(pid_of(data, "web"), signal.SIGKILL)
    wait_for(lambda: not lives(grandchild), "the grandchild to end")


@pytest.mark.slow
def test_a_child_that_cannot_live_ends_the_start_with_its_reason(data: Path, start: Start) -> None:
    run = start({"web": "raise SystemExit('no such table')", "worker": steady(data, "worker")}, wanted=("web",))
    assert run.ended(40) == 1
    assert "web ended 5 times in a row (exit status 1). Its last lines:" in run.lines
    assert run.lines[-1] == "  no such table"
    assert not lives(pid_of(data, "worker"))


def test_a_failed_migration_ends_the_start(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web")}, first={"migrate": "raise SystemExit('cannot')"})
    assert run.ended() == 1
    assert run.lines[-2:] == ["migrate failed (exit status 1). Its last lines:", "  cannot"]
    assert not (data / "web").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything(data: Path, start: Start, number: signal.Signals) -> None:
    children = {"web": steady(data, "web", PARENT, child=steady(data, "grandchild")), "worker": steady(data, "worker")}
    run = start(children, wanted=("web", "worker", "grandchild"))
    run.says("WELCOME")
    everyone = [pid_of(data, name) for name in ("web", "worker", "grandchild")]
    run.process.send_signal(number)
    assert run.ended(5) == 0
    assert [pid for pid in everyone if lives(pid)] == []
    assert not (data / "run.json").exists()


@pytest.mark.slow
def test_the_deaf_are_killed_in_time(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web", DEAF), "worker": steady(data, "worker", DEAF)}, wanted=("web", "worker"))
    run.says("WELCOME")
    everyone = [pid_of(data, "web"), pid_of(data, "worker")]
    run.process.terminate()
    assert run.ended(10) == 0
    assert [pid for pid in everyone if lives(pid)] == []


def test_a_second_ctrl_c_ends_everything_at_once(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web", DEAF)}, wanted=("web",))
    run.says("WELCOME")
    run.process.send_signal(signal.SIGINT)
    run.says("stopping")
    time.sleep(0.5)
    run.process.send_signal(signal.SIGINT)
    assert run.ended(2) == 0
    assert not lives(pid_of(data, "web"))


def test_killing_the_supervisor_leaves_nobody_and_the_next_start_works(data: Path, start: Start) -> None:
    children = {"web": steady(data, "web", PARENT, child=steady(data, "grandchild"))}
    run = start(children, wanted=("web", "grandchild"), environment={})
    run.says("WELCOME", 60)
    postmaster = int((data / "postgresql/postmaster.pid").read_text().splitlines()[0])
    everyone = [pid_of(data, "web"), pid_of(data, "grandchild"), postmaster]
    run.process.kill()
    again = start(children, environment={})
    again.says("WELCOME", 30)
    assert [pid for pid in everyone if lives(pid)] == []
    again.process.terminate()
    assert again.ended(10) == 0


def test_a_killed_database_comes_back(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web")}, wanted=("web",), environment={})
    run.says("WELCOME", 60)
    os.kill(int((data / "postgresql/postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    run.says("postgres | ended (killed by SIGKILL): starting it again in 1 s")
    url = json.loads((data / "run.json").read_text())["database_url"].replace("+psycopg", "")
    run.says("automatic recovery")
    wait_for(lambda: answers(url), "the database to answer again")
    assert lives(pid_of(data, "web"))


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_one_data_directory_runs_once(data: Path, start: Start) -> None:
    run = start({"web": steady(data, "web")}, wanted=("web",))
    run.says("WELCOME")
    second = start({"web": steady(data, "web")})
    assert second.ended() == 1
    said = f"Yizhan already runs on {data} (process {run.process.pid}): stop it or choose another --data."
    assert second.lines == [said]


def test_a_taken_port_is_named(data: Path, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = start({"web": steady(data, "web")}, port=port)
        assert run.ended() == 1
    assert run.lines == [f"Port {port} is taken (Address already in use): choose another with --port."]


def test_commands_find_the_servers_of_the_running_up(data: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start({"web": steady(data, "web")}, wanted=("web",))
    run.says("WELCOME")
    for name in ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    with up.services(data) as environment:
        assert environment == ELSEWHERE
    assert stat.S_IMODE((data / "run.json").stat().st_mode) == 0o600


def test_the_plan_of_the_demo() -> None:
    plan = up.plan(Path("/config"), Path("/data"), 9000, demo=True)
    assert {child.name: child.command[2:] for child in (*plan.first, *plan.children)} == {
        "demo": ["workers", "demo"],
        "web": ["workers", "web", "--port", "9000", "--host", "127.0.0.1"],
        "worker": ["workers", "worker"],
        "beat": ["workers", "beat"],
        "simulator": ["simulator", "--port", "9001", "--hub", "http://127.0.0.1:9000"],
    }
    assert all(child.environment["YIZHAN_CONFIG"] == "/config" for child in plan.children)


def test_without_the_demo_nothing_of_it_runs() -> None:
    plan = up.plan(Path("/config"), Path("/data"), 9000, demo=False)
    assert [child.name for child in (*plan.first, *plan.children)] == [*("migrate", "setup", "web", "worker", "beat")]
