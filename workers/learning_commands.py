"""The command line of what bots learn with people, and of the versions they went through."""

from __future__ import annotations

import os
from pathlib import Path

import click
from flask import current_app

from hub import settings as configuration
from hub.commands import with_database
from hub.reading import DEMO_PORT


def _take_up_settings() -> Path:
    """Of the folder as it stands. This talks to no channel, so that the sample will do."""
    sample = {**configuration.DEMO_ENVIRONMENT, "YIZHAN_DEMO": str(DEMO_PORT)}
    os.environ.update({**sample, **os.environ})
    settings = configuration.from_environment()
    current_app.extensions["settings"] = settings
    return settings.folder


@click.command()
@with_database
def learn() -> None:
    """Put together now what bots did not understand in the last week, as is done every day."""
    from workers.learning import learn as learn_now

    _take_up_settings()
    click.echo(f"{learn_now()} groups of questions: see them in the inbox")


@click.command()
@click.option("--apply", "chosen", metavar="ID", help='Write this one into config/faq, or "all" of them.')
@with_database
def proposals(chosen: str | None) -> None:
    """Show what agents propose that bots should know, as changes of the files of config/faq."""
    from hub.db import transaction
    from hub.queries import learning as learned
    from hub.refusals import Refusal
    from hub.services import learning

    folder = _take_up_settings()
    if chosen is None or chosen == "all":
        with transaction():
            waiting = learned.open_proposals()
    else:
        waiting = [learned.proposal(int(chosen) if chosen.isdecimal() else 0)]
    refused = 0
    for each in waiting:
        click.echo(f"proposal {each.id} by {each.by.name}: {each.entry}")
        try:
            with transaction():
                if chosen is None:
                    click.echo(learning.diff(each.id) or "(nothing to change: it is known already)")
                else:
                    changed = learning.apply(each.id, folder)
                    click.echo("written" if changed else "nothing to change: it is known already")
        except Refusal as refusal:
            refused += 1
            click.echo(f"refused: {refusal}", err=True)
    if not waiting:
        click.echo("Nothing is proposed.")
    if refused:
        raise click.exceptions.Exit(1)


@click.command()
@with_database
def versions() -> None:
    """Show which version of bots and knowledge is in use, and why newer ones are not."""
    from hub.services.versions import latest

    in_use = True
    for each in latest():
        at = each.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        state = "refused" if not each.accepted else "in use" if in_use else "accepted"
        in_use = in_use and not each.accepted
        click.echo("\n".join((f"{each.fingerprint}  {at}  {state}", *(f"    {problem}" for problem in each.problems))))
