"""Reads the files of config/, and tells what is wrong in them: file, key and reason, to people who know no Python."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError

from channels.settings import Secret

DEMO_PORT = 8000
# the hub, the simulator, and the mail servers in it
DEMO_PORTS = (0, 1, 3, 4)
DEMO_ADDRESSES = {f"http://127.0.0.1:{DEMO_PORT + offset}": offset for offset in DEMO_PORTS}
FENCE = "+++"  # around what an article says of itself

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


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError("must be an e-mail address")
    return value


Email = Annotated[str, AfterValidator(_email)]
Files = Mapping[Path, dict[str, Any] | None]
"""What each file says; None where it could not be read, which is a problem already."""


def paths(folder: Path, kind: str, ends: str = "toml") -> list[Path]:
    return sorted((folder / kind).glob(f"*.{ends}"))


def read(path: Path, problems: list[str]) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problems.append(f"{path}: there is no such file")
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{path}: cannot be read: not UTF-8 text")
    return None


def parsed(path: Path, text: str | None, problems: list[str]) -> dict[str, Any] | None:
    if text is None:
        return None
    if path.suffix == ".md":
        return _article(path, text, problems)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path}: {error}")
    return None


def lines_of(text: str, table: str) -> list[int]:
    """Where in a file each [[table]] begins."""
    heads = re.finditer(rf"^[ \t]*\[\[[ \t]*{re.escape(table)}[ \t]*\]\]", text, re.MULTILINE)
    return [text.count("\n", 0, head.start()) + 1 for head in heads]


def _article(path: Path, text: str, problems: list[str]) -> dict[str, Any] | None:
    before, fenced, rest = text.lstrip("\ufeff").partition(FENCE)
    front, closed, body = rest.partition(f"\n{FENCE}")
    if before.strip() or not fenced or not closed:
        problems.append(f"{path}: begin with a line {FENCE}, what the article says of itself (title = …), and {FENCE}")
        return None
    try:
        return {**tomllib.loads(front), "id": path.stem, "body": body.strip()}
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path}: {error}")
    return None


def moved(data: Any, port: int) -> Any:
    """The same with the demo's own addresses on these ports."""
    match data:
        case dict():
            return {key: _moved_port(key, value, port) for key, value in data.items()}
        case list():
            return [moved(each, port) for each in data]
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
    return moved(value, port)


Model = TypeVar("Model", bound=BaseModel)


def valid(
    model: type[Model], data: dict[str, Any] | None, path: Path, problems: list[str], prefix: str = ""
) -> Model | None:
    if not isinstance(data, dict):  # not read, or not a table: reported where it was read
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        secrets = {meaning(value) for _, value in strings(data)} - {value for _, value in strings(data)}
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


def strings(data: Any, key: str = "") -> Iterator[tuple[str, str]]:
    match data:
        case str():
            yield key, data
        case dict():
            for name, value in data.items():
                yield from strings(value, f"{key}.{name}" if key else name)
        case list():
            for position, value in enumerate(data):
                yield from strings(value, f"{key}.{position}")


_SECRET = TypeAdapter(Secret)


def meaning(written: str) -> str:
    """What "env:NAME" or "file:/path" stands for; anything else stands for itself."""
    try:
        return str(_SECRET.validate_python(written).get_secret_value())
    except ValidationError:
        return written
