"""The command line of the hub. Each long-running process is a command of its own; `yizhan up` runs them all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import click

from hub import settings as configuration
from hub.settings import ConfigError

CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), default=Path("config"), envvar="YIZHAN_CONFIG", show_default=True
)
DATA = click.option(
    "--data", type=click.Path(path_type=Path), default=Path("data"), envvar="YIZHAN_DATA", show_default=True
)
DEMO_AGENTS = (("agent@example.com", "小林", "admin"), ("li@example.com", "小李", "agent"))
DEMO_PASSWORD = "yizhan-demo"


@click.group()
def yizhan() -> None:
    """Yizhan, the customer-service hub."""


@yizhan.command()
@click.option("--demo", is_flag=True, help="With the simulator, a login and sample data.")
@click.option("--port", default=8000, show_default=True)
@CONFIG
@DATA
def up(demo: bool, port: int, config: Path, data: Path) -> None:
    """Run everything on this machine until Ctrl-C."""
    from hub import up as everything

    if demo:
        os.environ.update(configuration.DEMO_ENVIRONMENT, YIZHAN_DEMO=str(port))
    _check(config)
    sys.exit(everything.run(config, data, port, demo))


@yizhan.command()
@CONFIG
def check(config: Path) -> None:
    """Say everything that is wrong in the configuration."""
    _check(config)
    click.echo(f"{config}: no problems")


@yizhan.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--host", default="0.0.0.0", show_default=True)
def web(port: int, host: str) -> None:
    """The web server: API, webhooks, live stream and inbox."""
    _serve(host, port, configuration.from_environment().hub.processes.web)


@yizhan.command()
@click.option("--port", default=8002, show_default=True)
@click.option("--host", default="0.0.0.0", show_default=True)
def stream(port: int, host: str) -> None:
    """A small web server of its own for the live stream: send /api/v1/stream there in your proxy."""
    _serve(host, port, 1, "hub.streaming:create_app()")


@yizhan.command()
@click.argument("channel")
def receiver(channel: str) -> None:
    """Fetches what comes in on a channel that does not push, such as a mailbox: one for each."""
    from channels.contract import ReceivingChannel
    from hub import current
    from hub.app import create_core
    from hub.receiver import Receiver

    app = create_core()
    with app.app_context():
        found = current.channels().get(channel)
        if not isinstance(found, ReceivingChannel):
            raise click.ClickException(f"{channel} is no channel that has to be read")
        Receiver(app, found).run()


def _serve(host: str, port: int, processes: int, app: str = "wsgi:app") -> None:
    # gevent: thousands of live streams wait in one process
    options = [
        "--worker-class",
        "gevent",
        "--worker-connections",
        "10000",
        "--workers",
        str(processes),
        "--bind",
        f"{host}:{port}",
    ]
    patience = ["--timeout", "60", "--graceful-timeout", "5", "--keep-alive", "65", "--log-level", "warning"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *options, *patience, app])


@yizhan.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    from hub.migrations.run import upgrade

    upgrade(os.environ["DATABASE_URL"])


def with_stores(make_app: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """On the stores of the environment, of a running `up`, or started for the moment."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @CONFIG
        @DATA
        @wraps(command)
        def connected(*, config: Path, data: Path, **options: Any) -> Any:
            from hub import app as hub
            from hub.embedded import CannotStart
            from hub.migrations.run import upgrade
            from hub.refusals import Refusal
            from hub.up import services

            os.environ.update(YIZHAN_CONFIG=str(config), YIZHAN_DATA=str(data))
            try:
                with services(data) as urls:
                    os.environ.update(urls)
                    upgrade(urls["DATABASE_URL"])
                    with getattr(hub, make_app)().app_context():
                        return command(**options)
            except (CannotStart, ConfigError, Refusal) as reason:
                raise click.ClickException(str(reason)) from None

        return connected

    return decorate


with_database = with_stores("create_store")
with_hub = with_stores("create_core")


@yizhan.group()
def agent() -> None:
    """The people who answer."""


@agent.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(["agent", "supervisor", "admin"]), default="agent", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@with_database
def add_agent(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Make an agent, or change the one with this address."""
    from hub.db import transaction
    from hub.services import agents

    password = (
        sys.stdin.readline().rstrip("\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    with transaction():
        agents.add(email, name, role, password)
    click.echo(f"{name} <{email}> is {role}.")


@agent.command("reset-totp")
@click.argument("email")
@with_database
def reset_totp(email: str) -> None:
    """Whose phone and recovery codes are lost signs in with the password alone again."""
    from hub.db import transaction
    from hub.queries import agents as rows
    from hub.refusals import NotFound
    from hub.services import totp

    with transaction():
        found = rows.by_email(email)
        if found is None:
            raise NotFound(f"agent {email}")
        totp.clear(found, by=None)
    click.echo(f"{found.name} <{found.email}> signs in without a code now.")


@yizhan.command("setup-link")
@click.option("--quiet", is_flag=True, help="Only make the link ready: `yizhan up` says where it is.")
@with_database
def setup_link(quiet: bool) -> None:
    """A new link to make the first admin in the browser. It works once, for a day."""
    from hub.services import setup

    public_url = configuration.from_environment().hub.public_url
    made = setup.new_token(Path(os.environ["YIZHAN_DATA"]))
    if quiet:
        return
    if made is None:
        raise click.ClickException("Yizhan is set up: an admin can add others, or `yizhan agent add`.")
    click.echo(f"{public_url}/setup?token={made}")


@yizhan.group()
def token() -> None:
    """Tokens for programs that use the API."""


@token.command("create")
@click.option("--agent", "email", required=True, help="Whose rights the token has.")
@with_database
def create_token(email: str) -> None:
    """Make a token. It is shown this once."""
    from hub.db import transaction
    from hub.queries import agents as rows
    from hub.refusals import NotFound
    from hub.services import agents

    with transaction():
        found = rows.by_email(email)
        if found is None:
            raise NotFound(f"agent {email}")
        click.echo(agents.issue(found, "api"))


@yizhan.command()
@with_hub
def replay() -> None:
    """Read once more what providers sent and we could not read."""
    from hub.db import transaction
    from hub.services import arrivals

    with transaction():
        outcomes = [arrivals.replay(arrival) for arrival in arrivals.unread()]
    click.echo(f"{sum(outcomes)} read now, {len(outcomes) - sum(outcomes)} still unreadable")


@yizhan.command()
@click.argument("channel")
@with_hub
def doctor(channel: str) -> None:
    """Try everything about a channel that can be wrong, and say what to do."""
    from hub import current

    found = current.channels().get(channel)
    if found is None:
        raise click.ClickException(f"there is no channel {channel}; known: {', '.join(current.channels())}")
    hook = f"{current.settings().hub.public_url}/hooks/{channel}"
    wrong = 0
    for finding in found.diagnose(hook):
        click.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.what}")
        wrong += not finding.ok
        if finding.advice:
            click.echo(f"       {finding.advice}")
    for page, fields in groupby(found.console(hook), attrgetter("page")):
        click.echo(f"\nIn {page}:")
        for each in fields:
            click.echo(f"  {each.field}: {each.value}")
    sys.exit(bool(wrong))


@yizhan.command()
@with_database
def demo() -> None:
    """Make the agents of the demo."""
    from hub.db import transaction
    from hub.services import agents

    with transaction():
        for email, name, role in DEMO_AGENTS:
            agents.add(email, name, role, DEMO_PASSWORD)


def _check(config: Path) -> None:
    os.environ["YIZHAN_CONFIG"] = str(config)
    try:
        configuration.from_environment()
    except ConfigError as error:
        click.echo("\n".join(error.problems), err=True)
        sys.exit(1)
