"""Reads config/ once at start and refuses to run on anything it does not understand."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from channels.contract import Channel, ChannelSettings, Duration, ReceivingChannel, Secret
from channels.registry import channel_class
from channels.templates import placeholders
from hub.knowledge import FaqFile, Knowledge, normalise

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
DEMO_PORT = 8000
# the hub, the simulator, and the mail servers in it
DEMO_PORTS = (0, 1, 3, 4)
DEMO_ADDRESSES = {f"http://127.0.0.1:{DEMO_PORT + offset}": offset for offset in DEMO_PORTS}
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

REASONS = {  # pydantic's error types, said to people who never heard of Python
    "extra_forbidden": "unknown key",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "float_type": "must be a number",
    "list_type": 'must be a list, like ["one", "two"] or [[name]]',
    "tuple_type": 'must be a list, like ["one", "two"] or [[name]]',
    "dict_type": "must be a table, like [name]",
    "model_type": "must be a table, like [name]",
}


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


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError("must be an e-mail address")
    return value


Email = Annotated[str, AfterValidator(_email)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
    teams: Annotated[dict[str, list[Email]], AfterValidator(lambda teams: {EVERYONE: [], **teams})] = {EVERYONE: []}
    signatures: dict[str, str] = {}  # of each team, under its answers on channels that have one
    link_secret: Secret | None = None  # of those who may vouch for customers
    delivery: DeliveryTimes = DeliveryTimes()
    processes: Processes = Processes()
    transcription: Transcription | None = None


class ChannelFile(Strict):
    kind: str
    label: str = Field(min_length=1)
    team: str = EVERYONE
    bot: str | None = None
    fallback: list[str] = []
    settings: dict[str, Any] = {}


class BotFile(Strict):
    engine: str
    greeting: str = ""
    hand_over_after: int = Field(default=2, ge=1)
    settings: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    file: ChannelFile
    channel: type[Channel]
    settings: ChannelSettings


@dataclass(frozen=True, slots=True)
class BotConfig:
    file: BotFile
    engine: type[Any]  # a workers.bots.contract.Bot, which the hub cannot import
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class Settings:
    folder: Path
    hub: HubFile
    channels: Mapping[str, ChannelConfig]
    bots: Mapping[str, BotConfig]
    knowledge: Knowledge


def from_environment() -> Settings:
    """The configuration that this process was started with."""
    demo_port = os.environ.get("YIZHAN_DEMO")
    return load(folder_from_environment(), demo=bool(demo_port), demo_port=int(demo_port or DEMO_PORT))


def receiving_channels(folder: Path) -> list[str]:
    """Those that have a process of their own, by what their files say."""
    found = []
    for path in _in(folder, "channels"):
        kind = (_toml(path, []) or {}).get("kind")
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
    files = {path: _toml(path, problems) for path in _files(folder)}
    if demo:
        files = {path: _moved(data, demo_port) for path, data in files.items()}
    hub = _hub(folder, files, problems)
    channels = _channels(folder, files, problems)
    bots = _bots(folder, files, problems)
    knowledge = _knowledge(folder, files, problems)
    if not demo:
        problems += [
            f"{path}: {key}: is the sample's value: put your own"
            for path, data in files.items()
            if path.parent.name != "faq"
            for key, value in _strings(data or {})
            if _meaning(value).rstrip("/") in SAMPLE_VALUES
        ]
    if problems or hub is None:
        raise ConfigError(problems)
    return Settings(folder, hub, channels, bots, knowledge)


def _files(folder: Path) -> list[Path]:
    return [folder / "hub.toml", *(path for kind in ("channels", "bots", "faq") for path in _in(folder, kind))]


def _in(folder: Path, kind: str) -> list[Path]:
    return sorted((folder / kind).glob("*.toml"))


Files = Mapping[Path, dict[str, Any] | None]
"""What each file says; None where it could not be read, which is a problem already."""


def _moved(data: Any, port: int) -> Any:
    """The same with the demo's own addresses on these ports."""
    match data:
        case dict():
            return {key: _moved_port(key, value, port) for key, value in data.items()}
        case list():
            return [_moved(each, port) for each in data]
        case str():
            return _moved_address(data, port)
    return data


def _moved_address(text: str, port: int) -> str:
    for address, offset in DEMO_ADDRESSES.items():
        if text == address or text.startswith(f"{address}/"):
            return f"http://127.0.0.1:{port + offset}{text.removeprefix(address)}"
    return text


def _moved_port(key: str, value: Any, port: int) -> Any:
    if key.endswith("_port") and isinstance(value, int) and value - DEMO_PORT in DEMO_PORTS:
        return value - DEMO_PORT + port
    return _moved(value, port)


def _toml(path: Path, problems: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{path}: there is no such file")
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{path}: cannot be read: not UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path}: {error}")
    return None


def _hub(folder: Path, files: Files, problems: list[str]) -> HubFile | None:
    path = folder / "hub.toml"
    hub = _valid(HubFile, files[path], path, problems)
    if hub:
        _check_signatures(path, hub, problems)
    return hub


def _check_signatures(path: Path, hub: HubFile, problems: list[str]) -> None:
    for team in hub.signatures:
        if team not in hub.teams:
            problems.append(f"{path}: signatures.{team}: there is no such team; known: {', '.join(sorted(hub.teams))}")


def _channels(folder: Path, files: Files, problems: list[str]) -> dict[str, ChannelConfig]:
    paths = _in(folder, "channels")
    if not paths:
        problems.append(f"{folder}/channels: there is no channel: describe at least one in <name>.toml")
    channels, accounts = {}, dict[tuple[str, str], Path]()
    for path in paths:
        if not CHANNEL_NAME.fullmatch(path.stem):
            problems.append(f"{path}: name the file in small letters, digits and hyphens, like my-shop.toml")
        if (data := files[path]) is None:
            continue
        _check_references(folder, path, files, problems)
        file = _valid(ChannelFile, data, path, problems)
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
    for path in _in(folder, "bots"):
        if (data := files[path]) is None:
            continue
        file = _valid(BotFile, data, path, problems)
        engine = _found(path, "engine", _engine_class, data.get("engine"), problems)
        settings = _own_settings(engine, data, path, problems)
        if file and engine and settings:
            bots[path.stem] = BotConfig(file, engine, settings)
    return bots


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
    return _valid(cls.Settings, data.get("settings", {}), path, problems, "settings.") if cls else None


def _knowledge(folder: Path, files: Files, problems: list[str]) -> Knowledge:
    entries, ids, questions = [], dict[str, Path](), dict[str, str]()
    for path in _in(folder, "faq"):
        file = _valid(FaqFile, files[path], path, problems)
        for number, entry in enumerate(file.entry if file else []):
            entries.append(entry)
            if entry.id in ids:
                problems.append(f"{path}: entry.{number}.id: {entry.id!r} is already in {ids[entry.id]}")
            ids.setdefault(entry.id, path)
            for position, question in enumerate(entry.questions):
                place = f"{path}: entry.{number}.questions.{position}"
                first = questions.setdefault(normalise(question), place)
                if first != place:
                    problems.append(f"{place}: the same question is already at {first}")
    return Knowledge(tuple(entries))


Model = TypeVar("Model", bound=BaseModel)


def _valid(
    model: type[Model], data: dict[str, Any] | None, path: Path, problems: list[str], prefix: str = ""
) -> Model | None:
    if not isinstance(data, dict):  # not read, or not a table: reported where it was read
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        secrets = {_meaning(value) for _, value in _strings(data)} - {value for _, value in _strings(data)}
        for item in error.errors(include_url=False, include_input=False, include_context=False):
            key = ".".join(map(str, item["loc"])) or "(file)"
            reason = REASONS.get(item["type"], item["msg"].removeprefix("Value error, "))
            problems.append(f"{path}: {prefix}{key}: {_without(secrets, reason)}")
    return None


def _without(secrets: set[str], text: str) -> str:
    """A plug-in's reason may quote what it was given."""
    for secret in secrets:
        text = text.replace(secret, "…")
    return text


def _strings(data: Any, key: str = "") -> Iterator[tuple[str, str]]:
    match data:
        case str():
            yield key, data
        case dict():
            for name, value in data.items():
                yield from _strings(value, f"{key}.{name}" if key else name)
        case list():
            for position, value in enumerate(data):
                yield from _strings(value, f"{key}.{position}")


_SECRET = TypeAdapter(Secret)


def _meaning(written: str) -> str:
    """What "env:NAME" or "file:/path" stands for; anything else stands for itself."""
    try:
        return str(_SECRET.validate_python(written).get_secret_value())
    except ValidationError:
        return written
