"""The command line of those who look after a bot: ask it, try it, feed it."""

from __future__ import annotations

import difflib
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from hub import settings as configuration
from hub.commands import CONFIG, DATA
from hub.reading import DEMO_PORT
from hub.settings import ConfigError, Settings

if TYPE_CHECKING:  # what understands takes a second to load, which no other command should wait for
    from workers.bots.bot import Bot, Thought
    from workers.bots.evaluating import Threshold
    from workers.bots.reports import Drift, Figures, Report, SuiteReport

BOT = click.option("--bot", "name", metavar="NAME", help="Its name in config/bots; needed where there are several.")
SHOWN = 20  # of the things that were taken for others
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
COLUMNS = {  # of the table of figures
    "accuracy": "accuracy",
    "answered_share": "answered",
    "precision": "precision",
    "asked_share": "asked",
    "handed_over_share": "handed over",
    "missed_share": "missed",
    "refused_share": "refused",
}


@click.group()
def bot() -> None:
    """The bots of config/bots."""


def with_config(command: Callable[..., None]) -> Callable[..., None]:
    @CONFIG
    @DATA
    @wraps(command)
    def configured(*, config: Path, data: Path, **options: Any) -> None:
        command(settings=_settings(config, data), **options)

    return configured


def _settings(config: Path, data: Path) -> Settings:
    """Of the folder as it stands. Who tries a bot talks to no channel, so that the sample will do."""
    os.environ.update(YIZHAN_CONFIG=str(config), YIZHAN_DATA=str(data))
    sample = {**configuration.DEMO_ENVIRONMENT, "YIZHAN_DEMO": str(DEMO_PORT)}
    os.environ.update({**sample, **os.environ})
    try:
        return configuration.from_environment()
    except ConfigError as error:
        raise click.ClickException("\n".join(error.problems)) from None


def _chosen(settings: Settings, name: str | None) -> tuple[str, Bot]:
    from workers.bots.registry import make_bots

    chosen = name or (next(iter(settings.bots)) if len(settings.bots) == 1 else "")
    if chosen not in settings.bots:
        raise click.ClickException(f"choose a bot with --bot: {', '.join(settings.bots) or 'config/bots has none'}")
    return chosen, make_bots(settings)[chosen]


def _now(settings: Settings) -> datetime:
    return datetime.now(ZoneInfo(settings.hub.timezone))


@bot.command()
@click.argument("texts", metavar="TEXT...", nargs=-1)
@click.option("--chat", is_flag=True, help="Read what the customer says from standard input, a line each.")
@click.option("--channel", default="", metavar="NAME", help="As if it were asked on this channel.")
@click.option("--form", type=click.Choice(["rich", "plain", "spoken"]), default="rich", show_default=True)
@BOT
@with_config
def ask(settings: Settings, texts: Sequence[str], chat: bool, channel: str, form: Any, name: str | None) -> None:
    """Show what a bot answers, and why. Several TEXTs are one conversation, in this order."""
    from workers.bots.contract import Turn
    from workers.bots.trying import Conversation

    if bool(texts) is chat:
        raise click.UsageError("say what to ask, or --chat")
    if channel and channel not in settings.channels:
        raise click.ClickException(f"there is no channel {channel!r}; known: {', '.join(settings.channels)}")
    chosen, made = _chosen(settings, name)
    turn = Turn(text="", channel=channel, form=form, conversation="ask", at=_now(settings))
    conversation = Conversation(made, turn, live=True)
    if chat:
        click.echo(made.file.greeting or f"({chosen} listens; end with Ctrl-D)")
    for text in _lines() if chat else texts:
        if len(texts) > 1:
            click.echo(f"> {text}")
        _show(conversation.say(text))
        if conversation.is_over:
            return


def _lines() -> Iterable[str]:
    """Until the end of the input."""
    while True:
        if sys.stdin.isatty():
            click.echo("> ", nl=False)
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            raise click.ClickException("standard input is no UTF-8 text") from None
        if not line:
            return
        if line.strip():
            yield line.strip()


def _show(thought: Thought) -> None:
    said = {
        "handed_over": f"(hands over: {thought.reason})",
        "missed": "(does not understand)",
        "silent": "(says nothing)",
    }
    numbered = (f"{number}. {choice}" for number, choice in enumerate(thought.choices, 1))
    click.echo("\n".join(filter(None, (thought.text, said.get(thought.outcome), *numbered))))
    for step in thought.steps:
        why = f" ({step.why})" if step.why else ""
        click.echo(f"  {step.engine}: {step.made}{why}", err=True)
        for each in step.candidates:
            click.echo(f"    {each.score:.2f}  {each.id}  {each.question}", err=True)
    for source in thought.sources:
        click.echo(f"  from {source}", err=True)
    for slot, value in thought.slots.items():
        click.echo(f"  {slot} = {value}", err=True)


@bot.command()
@click.option("--json", "into", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole report there.")
@click.option("--against", type=FILE, help="An earlier report: what has become worse fails.")
@click.option("--precision", type=click.FloatRange(0, 1), help="Say which answer_from reaches it.")
@BOT
@with_config
def test(
    settings: Settings, into: Path | None, against: Path | None, precision: float | None, name: str | None
) -> None:
    """Try the bots on the suites of config/tests. Ends with 1 if one fails, or if a case got worse."""
    from workers.bots.evaluating import thresholds
    from workers.bots.registry import make_bots
    from workers.bots.trying import bot_of, try_all

    earlier = _earlier(against) if against else None
    if name and name not in settings.bots:
        raise click.ClickException(f"there is no bot {name!r}; known: {', '.join(settings.bots)}")
    try:
        of_bot = {suite: bot_of(each, settings.bots) for suite, each in settings.knowledge.suites.items()}
    except LookupError as error:
        raise click.ClickException(f"{settings.folder}/tests: {error}") from None
    wanted = {suite: each for suite, each in settings.knowledge.suites.items() if name in (None, of_bot[suite])}
    if not wanted:
        raise click.ClickException(f"{settings.folder}/tests has no suite" + (f" for {name}" if name else ""))
    bots, now = make_bots(settings), _now(settings)
    report = try_all(bots, wanted, now)
    for suite in report.suites:
        _print_suite(suite)
        if precision is not None:
            found = thresholds(bots[suite.bot], wanted[suite.suite], precision, now)
            _print_thresholds(found.present, found.proposed, precision) if found else click.echo(NO_THRESHOLD)
    drift = report.drift(earlier) if earlier else None
    if drift:
        _print_drift(drift)
    if into:
        _write(into, report)
    if not report.passed or (drift and drift.regressed):
        raise SystemExit(1)


NO_THRESHOLD = "this bot has no engine with answer_from"


def _earlier(path: Path) -> Report:
    from workers.bots.reports import Report

    try:
        return Report.from_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: {error}") from None


def _write(path: Path, report: Report) -> None:
    try:
        path.write_text(report.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written: {error.strerror}") from None


@bot.command("eval")
@click.argument("file", type=FILE)
@click.option("--train", "alone", is_flag=True, help="Without a bot: learn from the file, each fifth from the others.")
@click.option("--json", "into", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole report there.")
@BOT
@CONFIG
@DATA
def evaluate(file: Path, alone: bool, into: Path | None, name: str | None, config: Path, data: Path) -> None:
    """Try a bot on a table with the columns text and label: an id of config/, or none (.csv, .xlsx)."""
    from workers.bots.importing import Unusable, labelled
    from workers.bots.reports import Report

    try:
        rows = labelled(file)
    except Unusable as reason:
        raise click.ClickException(str(reason)) from None
    found = _learned_from(file, rows) if alone else _asked(file, rows, name, _settings(config, data))
    _print_suite(found)
    if into:
        _write(into, Report(suites=(found,)))


def _asked(file: Path, rows: Sequence[tuple[int, str, str]], name: str | None, settings: Settings) -> SuiteReport:
    from hub.knowledge import Case, Suite
    from workers.bots.reports import NONE, PERSON
    from workers.bots.trying import try_suite

    known = {NONE, PERSON, *(meaning for _, meaning in settings.knowledge.examples)}
    unknown = {label: number for number, _, label in reversed(rows) if label not in known}
    if unknown:
        some = ", ".join(f"{label!r} (row {number})" for label, number in list(unknown.items())[::-1][:SHOWN])
        ids = ", ".join(sorted(known))
        raise click.ClickException(
            f"{file}: {len(unknown)} labels are called nothing in {settings.folder}: {some}\n"
            f"Known: {ids}\nWith --train the file is judged without {settings.folder}."
        )
    chosen, made = _chosen(settings, name)
    cases = [Case(ask=[text], means=label) for _, text, label in rows]
    return try_suite(made, Suite(case=cases), _now(settings), file.name, chosen)


def _learned_from(file: Path, rows: Sequence[tuple[int, str, str]]) -> SuiteReport:
    from workers.bots.deciding import Decision
    from workers.bots.evaluating import FOLDS, cross_validated
    from workers.bots.reports import NONE

    labels = [label for _, _, label in rows if label != NONE]
    if len(set(labels)) < 2 or len(labels) == len(set(labels)):
        raise click.ClickException(f"{file}: needs at least two labels, and two texts of one of them, to learn from")
    click.echo(f"learns {FOLDS} times, from {FOLDS - 1} of {FOLDS} parts of {len(rows)} rows …", err=True)
    return cross_validated([(text, label) for _, text, label in rows], Decision(), file.name)


@bot.command("import")
@click.argument("file", type=FILE)
@click.option("--into", type=click.Path(dir_okay=False, path_type=Path), help="A file of config/faq; else a new one.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@with_config
def take_in(settings: Settings, file: Path, into: Path | None, dry_run: bool) -> None:
    """Add the questions and answers of a table (.csv, .xlsx) to config/faq. All of them, or none."""
    from workers.bots.importing import Unusable, carry_out, planned

    try:
        plan = planned(file, into, settings)
    except (Unusable, ConfigError) as reason:
        raise click.ClickException(f"{reason}\nNothing was written.") from None
    if dry_run:
        old, new = plan.before.splitlines(keepends=True), plan.after.splitlines(keepends=True)
        click.echo("".join(difflib.unified_diff(old, new, str(plan.into), str(plan.into))), nl=False)
        return
    try:
        carry_out(plan)
    except OSError as error:
        raise click.ClickException(f"{plan.into}: cannot be written: {error.strerror}. Nothing was written.") from None
    asked = sum(len(entry.questions) for entry in plan.entries)
    click.echo(
        f"{plan.into}: {len(plan.entries)} × [[entry]] with {asked} questions added; {settings.folder}: no problems"
    )


def _print_suite(suite: SuiteReport) -> None:
    of_bot = f" ({suite.bot})" if suite.bot else ""
    ended = ": passed" if suite.passed else ": FAILED"
    click.echo(f"{suite.suite}{of_bot}{ended if suite.floors or suite.scripts else ''}\n")
    if suite.cases:
        _print_figures(suite.figures)
    for figure, value in suite.below.items():
        click.echo(
            f"  {COLUMNS[figure]}: {_percent(value)} is less than the {_percent(suite.floors[figure])} it must be"
        )
    if taken := suite.confusion:
        click.echo("\nTaken for something else:")
        for means, got, count in taken[:SHOWN]:
            click.echo(f"  {count:4} × {means} → {got}")
        _print_more(len(taken) - SHOWN)
    if failures := suite.failures:
        click.echo("\nFailed cases:")
        for case in failures[: 5 * SHOWN]:
            click.echo(f"  “{_line(case.text)}” means {case.means}: {case.came}")
        _print_more(len(failures) - 5 * SHOWN)
    if suite.scripts:
        passed = sum(script.passed for script in suite.scripts)
        click.echo(f"\nScripts: {passed} of {len(suite.scripts)} passed")
    for script, number, step in suite.failed_steps:
        click.echo(f"  {script}, turn {number}: “{_line(step.customer)}”")
        click.echo(f"    expected: {step.expected}\n    came:     {step.came}")
    click.echo()


def _print_more(more: int) -> None:
    if more > 0:
        click.echo(f"  … and {more} more")


def _print_figures(figures: Mapping[str, Figures]) -> None:
    head = ("", "cases", *COLUMNS.values())
    body = ((name, f"{each.cases}", *map(_percent, each.shares().values())) for name, each in figures.items())
    _print_table([head, *body])


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (" " * (width - _width(cell)) + cell for cell, width in zip(others, widths[1:], strict=True))
        click.echo("  ".join(("  " + first + " " * (widths[0] - _width(first)), *cells)))


def _width(text: str) -> int:
    """A Chinese character takes two columns."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _line(text: str) -> str:
    return " ".join(text.split())


def _print_thresholds(present: Threshold, proposed: Threshold | None, precision: float) -> None:
    each = {f"answer_from = {present.answer_from:.2f}, as it is": present}
    if proposed:
        each[f"answer_from = {proposed.answer_from:.2f}, proposed"] = proposed
    click.echo(f"For {_percent(precision)} of what is answered to be right:")
    _print_figures({name: threshold.figures for name, threshold in each.items()})
    if proposed is None:
        click.echo("  No answer_from reaches it on these cases: look at what is taken for something else.")
    click.echo()


def _print_drift(drift: Drift) -> None:
    click.echo("Since the earlier report:")
    for title, cases in (("WORSE", drift.regressed), ("better", drift.recovered)):
        for case in cases:
            click.echo(f"  {title}  {case}")
    for figure, (before, now) in drift.figures.items():
        suite, _, name = figure.rpartition(": ")
        click.echo(f"  {suite}: {COLUMNS[name]} {_percent(before)} → {_percent(now)}")
    if drift == type(drift)():
        click.echo("  nothing has changed")
