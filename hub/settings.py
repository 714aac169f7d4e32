"""Reads config/ once at start and refuses to run on anything it does not understand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field

from channels.contract import Channel, ChannelSettings, Duration, ReceivingChannel, Secret
from channels.registry import channel_class
from channels.settings import Zone
from channels.templates import placeholders
from hub.desk import attributes, calendars, canned, sla, surveys, work
from hub.desk import routing as routing_file
from hub.desk.attributes import Attribute
from hub.desk.canned import Canned
from hub.desk.hours import Calendar
from hub.desk.login import Login
from hub.desk.routing import Present, Routing
from hub.desk.work import WorkFile
from hub.knowledge import Knowledge, Words, library
from hub.knowledge.wording import Strict
from hub.reading import (
    DEMO_PORT,
    Email,
    Files,
    meaning,
    moved,
    parsed,
    paths,
    read,
    strings,
    valid,
)

# `yizhan up --demo` sets these for all its processes; config/ names them.
DEMO_ENVIRONMENT = {
    "DEMO_APP_SECRET": "demo-app-secret-of-the-simulator",
    "DEMO_TOKEN": "demotoken2026",
    "DEMO_AES_KEY": "DemoDemoDemoDemoDemoDemoDemoDemoDemoDemo012",
    "DEMO_SERVICE_APP_SECRET": "demo-app-secret-of-the-service-account",
    "DEMO_SERVICE_TOKEN": "demoservice2026",
    "DEMO_SERVICE_AES_KEY": "ServiceServiceServiceServiceServiceService0",
    "DEMO_POST_APP_SECRET": "demo-app-secret-of-the-subscription-account",
    "DEMO_POST_TOKEN": "demopost2026",
    "DEMO_POST_AES_KEY": "PostPostPostPostPostPostPostPostPostPostPo2",
    "DEMO_LINK_SECRET": "demo-link-secret-of-the-mini-programs-backend",
    "DEMO_MAIL_PASSWORD": "demo-password-of-the-mailbox",
    "DEMO_TWILIO_AUTH_TOKEN": "demo-twilio-auth-token",
    "DEMO_TWILIO_API_SECRET": "demo-twilio-api-secret-of-the-simulator",
    "DEMO_ALIYUN_SECRET": "demo-aliyun-access-key-secret",
    "DEMO_ALIYUN_HOOK_SECRET": "demo-aliyun-hook-secret-0001",
}
# Everybody can read these: whoever runs on them can be written to, and impersonated, by anybody.
SAMPLE_VALUES = frozenset(
    {
        *DEMO_ENVIRONMENT.values(),
        *("wx5a1e0de30c0ffee0", "gh_5a1e0de3c0ff"),
        *("wx0ff1c1a1acc00001", "gh_0ff1c1a1acc1"),
        *("wx5ub5c21b71000002", "gh_5ub5c21b7102"),
        "Demo-reply-of-the-service-000000000000000001",
        "Demo-reply-of-the-shop-000000000000000000001",
        "https://hub.example.com",
        "support@shop.example.com",
        *("AC5a1e0de30c0ffee00000000000000001", "SK5a1e0de30c0ffee00000000000000001", "+85230001000"),
        "LTAI5tDemoOfTheSimulator",
    }
)

# what `fallback` may name beside channels: the channel's own notification, and waiting for the customer
FALLBACKS = ("notice", "wait")
TEMPLATE_FIELDS = ("agent", "text", "name")  # what the hub can say of an answer that waits
CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")  # it is part of the webhook's address
ENGINES = "yizhan.bots"
EVERYONE = "everyone"
NOT_SET = "{} is not set: start everything with `yizhan up`, or set it for this process."
# files of how people work; each may be left out
DESK = (attributes.NAME, calendars.NAME, routing_file.NAME, sla.NAME, surveys.NAME, work.NAME)


class ConfigError(Exception):
    """Everything that is wrong in config/, one `file: key: reason` each."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


def _not_zero(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than zero")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('must be a web address, like "https://hub.example.com"')
    return value.rstrip("/")


class DeliveryTimes(Strict):
    retry_after: list[Duration] = [timedelta(seconds=seconds) for seconds in (1, 4, 15, 60)]
    claim_expires: Annotated[Duration, AfterValidator(_not_zero)] = timedelta(seconds=60)


class Processes(Strict):
    web: int = Field(default=1, ge=1)
    worker: int = Field(default=4, ge=1)


class Transcription(Strict):
    """A service that speaks OpenAI's audio API, ours or another's."""

    url: Annotated[str, AfterValidator(_web_address)]
    key: Secret | None = None
    model: str = Field(default="whisper-1", min_length=1)
    language: str | None = Field(default=None, pattern="^[a-z]{2,3}$")


class HubFile(Strict):
    public_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:8000"
    language: Literal["zh-CN", "en"] = "zh-CN"
    timezone: Zone = "Asia/Shanghai"
    teams: Annotated[dict[str, list[Email]], AfterValidator(lambda teams: {EVERYONE: [], **teams})] = {EVERYONE: []}
    signatures: dict[str, str] = {}  # of each team, under its answers on channels that have one
    link_secret: Secret | None = None  # of those who may vouch for customers
    delivery: DeliveryTimes = DeliveryTimes()
    processes: Processes = Processes()
    transcription: Transcription | None = None
    login: Login = Login()


class ChannelFile(Strict):
    kind: str
    label: str = Field(min_length=1)
    team: str = EVERYONE
    bot: str | None = None
    fallback: list[str] = []
    settings: dict[str, Any] = {}


class HandingOver(Strict):
    """When a person takes over, whatever the engines could say."""

    misses: int = Field(default=2, ge=1)  # in a row that are not understood; before, the bot asks to put it differently
    person_words: list[Words] = []  # who says one of them wants a person; none: those that we know
    angry: bool = True  # who swears or threatens
    tags: list[str] = []  # customers with one of these tags, at once
    topics: list[Words] = []  # that no machine may speak about: words of the question


class BotFile(Strict):
    greeting: str = ""
    notice: str = ""  # that a machine speaks: before its first answer, where the channel does not mark that itself
    hand_over: HandingOver = HandingOver()
    patience: Annotated[Duration, Field(le=timedelta(seconds=10))] = timedelta(seconds=2)  # for the rest of a message
    engines: list[dict[str, Any]] = Field(min_length=1)  # asked one after the other, until one answers


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    file: ChannelFile
    channel: type[Channel]
    settings: ChannelSettings


@dataclass(frozen=True, slots=True)
class EngineConfig:
    name: str
    engine: type[Any]  # a workers.bots.contract.Engine, which the hub cannot import
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class BotConfig:
    file: BotFile
    engines: tuple[EngineConfig, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    folder: Path
    hub: HubFile
    channels: Mapping[str, ChannelConfig]
    bots: Mapping[str, BotConfig]
    knowledge: Knowledge
    demo_port: int | None = None  # where the demo runs, if this is it
    version: str = ""  # of bots and knowledge: the fingerprint of their files
    hours: Mapping[str, Calendar] = field(default_factory=dict)
    canned: Canned = field(default_factory=dict)
    routing: Routing | None = None  # None: agents pick themselves
    sla: tuple[sla.Policy, ...] = ()
    work: WorkFile = field(default_factory=WorkFile)
    survey: surveys.Survey | None = None  # None: nobody is asked how it was
    attributes: tuple[Attribute, ...] = ()  # of contacts

    @property
    def present(self) -> Present:
        return self.routing.presence if self.routing else Present()


def from_environment() -> Settings:
    """The configuration that this process was started with."""
    demo_port = os.environ.get("YIZHAN_DEMO")
    return load(folder_from_environment(), demo=bool(demo_port), demo_port=int(demo_port or DEMO_PORT))


def teams_from_environment() -> Settings:
    """Only who is in which team: for a process that asks for nothing else, and so needs no secret."""
    folder, problems = folder_from_environment(), list[str]()
    path = folder / "hub.toml"
    told = parsed(path, read(path, problems), problems) or {}
    hub = valid(HubFile, {"teams": told.get("teams", {})}, path, problems)
    if problems or hub is None:
        raise ConfigError(problems)
    return Settings(folder, hub, channels={}, bots={}, knowledge=Knowledge())


def environment(name: str) -> str:
    if value := os.environ.get(name):
        return value
    raise SystemExit(NOT_SET.format(name))


def receiving_channels(folder: Path) -> list[str]:
    """Those that have a process of their own, by what their files say."""
    found = []
    for path in paths(folder, "channels"):
        kind = (parsed(path, read(path, []), []) or {}).get("kind")
        with suppress(LookupError, ImportError):
            if isinstance(kind, str) and issubclass(channel_class(kind), ReceivingChannel):
                found.append(path.stem)
    return found


def folder_from_environment() -> Path:
    return Path(os.environ.get("YIZHAN_CONFIG", "config"))


def load(folder: Path, *, demo: bool = False, demo_port: int = DEMO_PORT) -> Settings:
    """Everything in `folder`, or a ConfigError that names every problem. The sample's values pass in the demo only."""
    problems: list[str] = []
    # the demo can be started on another port: its own addresses follow
    port = demo_port if demo else None
    texts = {path: read(path, problems) for path in _paths(folder)}
    files = _files(texts, port, problems)
    hub = _hub(folder, files, problems)
    channels = _channels(folder, files, problems)
    bots = _bots(folder, files, problems)
    knowledge = library.put_together(folder, files, problems)
    hours = calendars.calendars(folder, files, problems)
    ready = canned.put_together(folder, files, texts, problems)
    routing = routing_file.routing(folder, files, problems)
    promises = sla.policies(folder, files, hub.teams if hub else (), channels, problems)
    organised = work.work(folder, files, problems)
    survey = surveys.survey(folder, files, hub.teams if hub else (), channels, problems)
    noted = attributes.attributes(folder, files, problems)
    if not demo:
        problems += [
            f"{path}: {key}: is the sample's value: put your own"
            for path, data in files.items()
            if path.parent == folder or path.parent.name in ("channels", "bots")
            for key, value in strings(data or {})
            if meaning(value).rstrip("/") in SAMPLE_VALUES
        ]
    if problems or hub is None:
        raise ConfigError(problems)
    version = library.fingerprint(_taught(folder, texts))
    desk = (hours, ready, routing, promises, organised, survey, noted)
    return Settings(folder, hub, channels, bots, knowledge, port, version, *desk)


def learned(settings: Settings, texts: Mapping[str, str]) -> Settings:
    """The same with bots and knowledge as these files tell, by their names in the folder. May raise ConfigError."""
    problems: list[str] = []
    files = _files({settings.folder / name: text for name, text in texts.items()}, settings.demo_port, problems)
    bots = _bots(settings.folder, files, problems)
    knowledge = library.put_together(settings.folder, files, problems)
    wanted = {path.bot for channel in settings.channels.values() if (path := channel.file).bot}
    problems += [
        f"{settings.folder}/bots/{name}.toml: is gone, and a channel needs it" for name in wanted - bots.keys()
    ]
    if problems:
        raise ConfigError(problems)
    return replace(settings, bots=bots, knowledge=knowledge, version=library.fingerprint(texts))


def teachable(folder: Path) -> dict[str, str]:
    """What `learned` takes, as it stands in the folder now."""
    problems: list[str] = []
    texts = {path: read(path, problems) for path in taught_by(folder)}
    if problems:
        raise ConfigError(problems)
    return _taught(folder, texts)


def _taught(folder: Path, texts: Mapping[Path, str | None]) -> dict[str, str]:
    taught = {path: texts.get(path) for path in taught_by(folder)}
    return {path.relative_to(folder).as_posix(): text for path, text in taught.items() if text is not None}


def taught_by(folder: Path) -> list[Path]:
    """The files of bots and knowledge."""
    return [*paths(folder, "bots"), *library.files_of(folder)]


def _paths(folder: Path) -> list[Path]:
    desk = [path for name in DESK if (path := folder / name).exists()]
    ready = paths(folder, "canned")
    return [folder / "hub.toml", *desk, *ready, *paths(folder, "channels"), *taught_by(folder)]


def _files(texts: Mapping[Path, str | None], demo_port: int | None, problems: list[str]) -> Files:
    files = {path: parsed(path, text, problems) for path, text in texts.items()}
    return files if demo_port is None else {path: moved(data, demo_port) for path, data in files.items()}


def _hub(folder: Path, files: Files, problems: list[str]) -> HubFile | None:
    path = folder / "hub.toml"
    hub = valid(HubFile, files[path], path, problems)
    if hub:
        _check_signatures(path, hub, problems)
    return hub


def _check_signatures(path: Path, hub: HubFile, problems: list[str]) -> None:
    for team in hub.signatures:
        if team not in hub.teams:
            problems.append(f"{path}: signatures.{team}: there is no such team; known: {', '.join(sorted(hub.teams))}")


def _channels(folder: Path, files: Files, problems: list[str]) -> dict[str, ChannelConfig]:
    found = paths(folder, "channels")
    if not found:
        problems.append(f"{folder}/channels: there is no channel: describe at least one in <name>.toml")
    channels, accounts = {}, dict[tuple[str, str], Path]()
    for path in found:
        if not CHANNEL_NAME.fullmatch(path.stem):
            problems.append(f"{path}: name the file in small letters, digits and hyphens, like my-shop.toml")
        if (data := files[path]) is None:
            continue
        _check_references(folder, path, files, problems)
        file = valid(ChannelFile, data, path, problems)
        cls = _found(path, "kind", channel_class, data.get("kind"), problems)
        settings = _own_settings(cls, data, path, problems)
        if not (file and cls and settings):
            continue
        for key in ("app_id", "address", "sender"):  # what says whose account it is
            if account := getattr(settings, key, None):
                first = accounts.setdefault((file.kind, account.lower()), path)
                if first != path:  # both would take in everything
                    problems.append(f"{path}: settings.{key}: {first} has the same account")
        channels[path.stem] = ChannelConfig(file, cls, settings)
    return channels


def _check_references(folder: Path, path: Path, files: Files, problems: list[str]) -> None:
    """The names a channel's file uses must exist, whether or not what they name is right."""
    data = files[path] or {}
    if isinstance(bot := data.get("bot"), str) and folder / "bots" / f"{bot}.toml" not in files:
        problems.append(f"{path}: bot: there is no {folder}/bots/{bot}.toml")
    hub = files[folder / "hub.toml"]
    teams = (hub or {}).get("teams", {})
    team = data.get("team", EVERYONE)
    if hub is not None and isinstance(team, str) and isinstance(teams, dict) and team not in {EVERYONE, *teams}:
        known = ", ".join(sorted({EVERYONE, *teams}))
        problems.append(f"{path}: team: {team!r} is not in {folder}/hub.toml [teams]; known: {known}")
    fallback = data.get("fallback", [])
    for position, name in enumerate(fallback if isinstance(fallback, list) else []):
        if name == path.stem:
            problems.append(f"{path}: fallback.{position}: is this channel itself")
        elif name == "notice" and not data.get("settings", {}).get("notice"):
            problems.append(f"{path}: fallback.{position}: describe the notification in [settings.notice]")
        elif isinstance(name, str) and name not in FALLBACKS and (problem := _wrong_way(folder, name, files)):
            problems.append(f"{path}: fallback.{position}: {problem}")


def _wrong_way(folder: Path, name: str, files: Files) -> str:
    """A channel, or channel/template: an approved text there that says that an answer waits."""
    channel, by_template, template = name.partition("/")
    path = folder / "channels" / f"{channel}.toml"
    if path not in files:
        return f"there is no {path}"
    if not by_template:
        return ""
    forms = (files[path] or {}).get("settings", {}).get("templates", {})
    if not isinstance(forms, dict) or template not in forms:
        return f"there is no template {template!r} in {path}"
    wanted = placeholders(str(forms[template].get("text", "")))
    unknown = [field for field in wanted if field not in TEMPLATE_FIELDS]
    return f"{template!r} has gaps that the hub cannot fill: {', '.join(unknown)}" if unknown else ""


def _bots(folder: Path, files: Files, problems: list[str]) -> dict[str, BotConfig]:
    bots = {}
    for path in (path for path in files if path.parent == folder / "bots"):
        file = valid(BotFile, files[path], path, problems)
        engines = [
            _engine(path, f"engines.{number}", each, problems) for number, each in enumerate(_tables(files[path]))
        ]
        if file and all(engines):
            bots[path.stem] = BotConfig(file, tuple(each for each in engines if each))
    return bots


def _tables(data: dict[str, Any] | None) -> list[dict[str, Any]]:
    listed = (data or {}).get("engines")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _engine(path: Path, key: str, data: dict[str, Any], problems: list[str]) -> EngineConfig | None:
    name = data.get("engine")
    if not isinstance(name, str):
        problems.append(f"{path}: {key}.engine: name one of {', '.join(sorted(entry_points(group=ENGINES).names))}")
        return None
    engine = _found(path, f"{key}.engine", _engine_class, name, problems)
    own = {name: value for name, value in data.items() if name != "engine"}
    settings = valid(engine.Settings, own, path, problems, f"{key}.") if engine else None
    return EngineConfig(name, engine, settings) if engine and settings else None


def _engine_class(name: str) -> type[Any]:
    engines = entry_points(group=ENGINES)
    if name not in engines.names:
        raise LookupError(f"unknown engine {name!r}; known: {', '.join(sorted(engines.names)) or 'none'}")
    engine: type[Any] = engines[name].load()
    if not issubclass(engine.Settings, BaseModel):
        raise TypeError("its Settings are not a pydantic model")
    return engine


def _found(path: Path, key: str, find: Callable[[str], type[Any]], name: Any, problems: list[str]) -> type[Any] | None:
    if not isinstance(name, str):  # missing or no text: the file's own model says so
        return None
    try:
        return find(name)
    except LookupError as error:
        problems.append(f"{path}: {key}: {error}")
    except (ImportError, AttributeError, TypeError) as error:
        problems.append(f"{path}: {key}: {name!r} is installed but broken: {error}")
    return None


def _own_settings(cls: type[Any] | None, data: dict[str, Any], path: Path, problems: list[str]) -> Any:
    return valid(cls.Settings, data.get("settings", {}), path, problems, "settings.") if cls else None
