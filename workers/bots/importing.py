"""Takes questions and answers, or questions with labels, from the tables that other systems export."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import tomllib
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import tomlkit
from pypinyin import lazy_pinyin

from hub.knowledge import Knowledge, language_of, normalise
from hub.knowledge.library import NOT_KNOWN
from hub.settings import Settings, learned, teachable

LARGEST = 10_000_000  # bytes
LARGEST_UNPACKED = 200_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 100
HEADER_WITHIN = 5  # rows: exports put a title above it
PROBLEMS_SHOWN = 50
LONGEST_QUESTION = 500  # characters: bots read no more
ID_PARTS, ID_LENGTH = 6, 40

# What columns are called, as `normalise` leaves it, without the number of 相似问1, 相似问2 …
ANSWERS = {
    "id": ["id", "编号", "知识id", "知识编号", "问题id", "标识"],
    "questions": ["question", "questions", "问题", "标准问", "标准问题", "标准问法", "提问", "用户问题"],
    "similar": ["similar", "similar question", "similar questions", "variant", "variants", "相似问", "相似问法"],
    "zh": ["answer", "answer zh", "answer cn", "答案", "回答", "回复", "答复", "标准答案", "答案内容", "中文答案"],
    "en": ["answer en", "answer english", "english answer", "英文答案", "答案英文", "英文回答"],
    "tags": ["tag", "tags", "category", "categories", "标签", "分类", "类别", "类目"],
}
ANSWERS["similar"] += ["相似问题", "扩展问", "扩展问法", "其他问法"]
LABELS = {
    "text": ["text", "question", "query", "utterance", "问题", "用户问题", "文本", "句子", "问法"],
    "label": ["label", "intent", "means", "标签", "意图", "标准问id", "编号", "id"],
}
OUTSIDE = ("", "none", "无", "其他", "oos")  # labels of what means nothing that the bot knows

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
CELL_OF_SEVERAL = re.compile(r"[\n|｜]")
TAGS_OF_SEVERAL = re.compile(r"[\n|｜,，、;；]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|_x000D_")


class Unusable(Exception):
    """Everything that keeps the file from being taken, each with its row."""

    def __init__(self, problems: Sequence[str]):
        more = len(problems) - PROBLEMS_SHOWN
        shown = [*problems[:PROBLEMS_SHOWN], *([f"… and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(shown))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Row:
    number: int  # as a spreadsheet counts them
    cells: Mapping[str, tuple[str, ...]]  # what is not empty, by what the column is

    def first(self, column: str) -> str:
        return next(iter(self.cells.get(column, ())), "")


def rows_of(path: Path, columns: Mapping[str, Sequence[str]], needed: Sequence[Sequence[str]]) -> list[Row]:
    """The rows below the one that names the columns: one of each group of `needed`, at least. Raises Unusable."""
    meant = {name: column for column, names in columns.items() for name in names}
    sheets = _sheets(path)
    for sheet in sheets:
        for number, cells in enumerate(sheet[:HEADER_WITHIN]):
            header = {at: column for at, cell in enumerate(cells) if (column := meant.get(_column_name(cell)))}
            if all(set(group) & set(header.values()) for group in needed):
                return list(_below(sheet, number + 1, header))
    known = "; ".join(", ".join(name for column in group for name in columns[column]) for group in needed)
    raise Unusable([f"{path}: no row names the columns; it must have one of each: {known}"])


def _column_name(cell: str) -> str:
    return normalise(cell).rstrip("0123456789").strip()


def _below(sheet: Sequence[Sequence[str]], begin: int, header: Mapping[int, str]) -> Iterator[Row]:
    for number, cells in enumerate(sheet[begin:], begin + 1):
        found: dict[str, tuple[str, ...]] = {}
        for at, column in header.items():
            if at < len(cells) and cells[at]:
                found[column] = (*found.get(column, ()), cells[at])
        if found:
            yield Row(number, found)


def _sheets(path: Path) -> list[list[list[str]]]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Unusable([f"{path}: cannot be read: {error.strerror}"]) from None
    if len(data) > LARGEST:
        raise Unusable([f"{path}: is larger than {LARGEST // 1_000_000} MB; split it"])
    if data.startswith(b"PK"):
        sheets = _workbook(path, data)
    elif data.startswith(OLD_EXCEL) or (b"\x00" in data[:1000] and not data.startswith(UTF_16)):
        raise Unusable([f"{path}: is neither a CSV nor an .xlsx file; save it as one of them"])
    else:
        sheets = [_csv(path, data)]
    if any(len(sheet) > MOST_ROWS + HEADER_WITHIN for sheet in sheets):
        raise Unusable([f"{path}: has more than {MOST_ROWS:,} rows; split it"])
    return sheets


def _csv(path: Path, data: bytes) -> list[list[str]]:
    text = _decoded(path, data)
    top = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=lambda each: len(next(csv.reader([top], delimiter=each), [])))
    csv.field_size_limit(LARGEST)
    found = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [[_clean(cell) for cell in cells] for cells in found]
    except csv.Error as error:
        raise Unusable(
            [f"{path}: line {found.line_num}: a quotation mark that is not closed or not doubled ({error})"]
        ) from None


def _decoded(path: Path, data: bytes) -> str:
    encodings = ("utf-16",) if data.startswith(UTF_16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unusable([f"{path}: is neither UTF-8 nor GB18030 text; save it as “CSV UTF-8”"])


def _workbook(path: Path, data: bytes) -> list[list[list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > LARGEST_UNPACKED:
                raise Unusable([f"{path}: unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB; split it"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what it will not show us: colours, validations …
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            return [_cells(sheet) for sheet in book.worksheets]
    except Unusable:
        raise
    except Exception:  # the library lets through whatever a broken file makes it stumble over
        raise Unusable([f"{path}: cannot be read as .xlsx; open it and save it again, or as “CSV UTF-8”"]) from None


def _cells(sheet: Any) -> list[list[str]]:
    sheet.reset_dimensions()  # some programs write wrong ones
    rows = sheet.iter_rows(max_row=MOST_ROWS + HEADER_WITHIN + 1, max_col=MOST_COLUMNS, values_only=True)
    return [[_clean(_as_text(value)) for value in row] for row in rows]


def _as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
    return str(value)


def _clean(cell: str) -> str:
    return CONTROL.sub("", cell.replace("\r\n", "\n").replace("\r", "\n")).strip()


@dataclass(slots=True)
class Imported:
    """An entry in the making: one row, or several with the same id or answer."""

    row: int
    given: str  # the id in the file
    id: str = ""
    questions: list[str] = field(default_factory=list)
    zh: str = ""
    en: str = ""
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    into: Path
    before: str
    after: str
    entries: tuple[Imported, ...]


def planned(path: Path, into: Path | None, settings: Settings) -> Plan:
    """What would be written: it is as good as `yizhan check` wants it. Raises Unusable and ConfigError."""
    into = into or settings.folder / "faq" / f"{_plain(path.stem) or 'imported'}.toml"
    if into.suffix != ".toml" or into.parent.resolve() != (settings.folder / "faq").resolve():
        raise Unusable([f"{into}: write into a .toml file of {settings.folder / 'faq'}, where the bots read"])
    texts = teachable(settings.folder)
    entries = entries_of(rows_of(path, ANSWERS, (("questions",), ("zh", "en"))), settings.knowledge, texts)
    before = _as_it_stands(into)
    after = _appended(into, before, entries)
    learned(settings, {**texts, f"faq/{into.name}": after})
    return Plan(into=into, before=before, after=after, entries=tuple(entries))


def carry_out(plan: Plan) -> None:
    """All of it or nothing: whoever reads meanwhile reads the old file."""
    into = plan.into.resolve()  # a link stays one
    into.parent.mkdir(parents=True, exist_ok=True)
    beside = into.with_name(f".{into.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(plan.after)
            file.flush()
            os.fsync(file.fileno())
        if into.exists():
            shutil.copymode(into, beside)
        beside.replace(into)
    finally:
        beside.unlink(missing_ok=True)


def entries_of(rows: Sequence[Row], knowledge: Knowledge, texts: Mapping[str, str]) -> list[Imported]:
    """`texts`: the files of the knowledge, to say where something stands already."""
    problems: list[str] = []
    joined: dict[str, Imported] = {}
    first: dict[str, Imported] = {}
    said_before = {normalise(said): (said, meaning) for said, meaning in knowledge.examples}
    for row in rows:
        entry = _joined(row, joined, problems)
        for question in _questions(row, problems):
            same = normalise(question)
            if same in said_before:
                said, meaning = said_before[same]
                place = _place(said, texts) if len(problems) < PROBLEMS_SHOWN else ""
                problems.append(f"row {row.number}: {question!r} is already asked: {meaning}{place}")
            elif same not in first:
                first[same] = entry
                entry.questions.append(question)
            elif (other := first[same]) is not entry:
                problems.append(f"row {row.number}: {question!r} is already in row {other.row}, with another answer")
    for entry in joined.values():
        if not entry.zh:
            problems.append(f"row {entry.row}: there is no answer")
        if not entry.questions and not problems:
            problems.append(f"row {entry.row}: there is no question")
    _name(joined.values(), knowledge, problems)
    if not rows:
        problems.append("there is nothing below the names of the columns")
    if problems:
        raise Unusable(sorted(problems, key=_row_of))
    return list(joined.values())


def _row_of(problem: str) -> int:
    found = re.match(r"row (\d+)", problem)
    return int(found[1]) if found else 0


def _joined(row: Row, joined: dict[str, Imported], problems: list[str]) -> Imported:
    given, zh, en = row.first("id"), row.first("zh"), row.first("en")
    if not zh:
        zh, en = en, ""  # one answer is for everybody
    key = f"id {given}" if given else f"answer {zh} {en}" if zh else f"row {row.number}"
    entry = joined.setdefault(key, Imported(row.number, given))
    if entry.zh and zh and (entry.zh, entry.en) != (zh, en):
        problems.append(f"row {row.number}: {given!r} has another answer in row {entry.row}")
    elif zh:
        entry.zh, entry.en = zh, en
    tags = [tag.strip() for cell in row.cells.get("tags", ()) for tag in TAGS_OF_SEVERAL.split(cell)]
    entry.tags += [tag for tag in dict.fromkeys(tags) if normalise(tag) and tag not in entry.tags]
    return entry


def _questions(row: Row, problems: list[str]) -> Iterator[str]:
    cells = (*row.cells.get("questions", ()), *row.cells.get("similar", ()))
    if not cells:
        problems.append(f"row {row.number}: there is no question")
    for question in (each.strip() for cell in cells for each in CELL_OF_SEVERAL.split(cell) if each.strip()):
        if not normalise(question):
            problems.append(f"row {row.number}: {question!r} needs at least one letter or digit")
        elif len(question) > LONGEST_QUESTION:
            problems.append(
                f"row {row.number}: a question of more than {LONGEST_QUESTION} characters: {question[:20]}…"
            )
        else:
            yield question


def _place(said: str, texts: Mapping[str, str]) -> str:
    for name, text in texts.items():
        if name.startswith(("faq/", "flows/", "articles/")):
            for number, line in enumerate(text.splitlines(), 1):
                if said in line:
                    return f", {name} line {number}"
    return ""


def _name(entries: Iterable[Imported], knowledge: Knowledge, problems: list[str]) -> None:
    taken = {*knowledge.entry, *NOT_KNOWN}
    for entry in entries:
        wanted = _plain(entry.given)
        if wanted in taken and wanted in knowledge.entry:
            problems.append(f"row {entry.row}: there is already an entry {wanted!r}")
        base = wanted or _plain(entry.questions[0] if entry.questions else "") or "entry"
        numbered = (f"{base}-{number}" if number > 1 else base for number in count(1))
        entry.id = next(each for each in numbered if each not in taken)
        taken.add(entry.id)


def _plain(text: str) -> str:
    """怎么退款 is zen-me-tui-kuan."""
    spelled = " ".join(lazy_pinyin(normalise(text))) if language_of(text) == "zh" else normalise(text)
    parts = re.findall(r"[a-z0-9]+", spelled)[:ID_PARTS]
    while len(parts) > 1 and len("-".join(parts)) > ID_LENGTH:
        parts.pop()
    return "-".join(parts)[:ID_LENGTH]


def _as_it_stands(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable([f"{path}: cannot be read: {error}"]) from None


def _appended(path: Path, before: str, entries: Sequence[Imported]) -> str:
    """Not a character of what is there is another afterwards."""
    written = "\n".join(map(_table, entries))
    end = "\r\n" if "\r\n" in before else "\n"
    between = end * (2 if before.endswith("\n") else 3 if before else 0)
    after = before + (between[len(end) :] if before else "") + written.replace("\n", end)
    try:
        found = tomllib.loads(after)["entry"]
    except (tomllib.TOMLDecodeError, KeyError):
        raise Unusable([f"{path}: entries can be added to a file that writes each as [[entry]]"]) from None
    if [each["id"] for each in found[-len(entries) :]] != [each.id for each in entries]:
        raise Unusable([f"{path}: entries can be added to a file that writes each as [[entry]]"])
    return after


def _table(entry: Imported) -> str:
    questions = tomlkit.array()
    questions.extend(entry.questions)
    table = tomlkit.table()
    table.add("id", entry.id)
    table.add("questions", questions.multiline(len(entry.questions) > 3))
    table.add(tomlkit.key(["answer", "zh"]), _string(entry.zh))
    if entry.en:
        table.add(tomlkit.key(["answer", "en"]), _string(entry.en))
    if entry.tags:
        table.add("tags", entry.tags)
    tables = tomlkit.aot()
    tables.append(table)
    return tomlkit.dumps(tomlkit.document().add("entry", tables))


def _string(text: str) -> Any:
    return tomlkit.string(text, multiline="\n" in text)


def labelled(path: Path) -> list[tuple[int, str, str]]:
    """Row, text and label; a label that means nothing is "none". Raises Unusable."""
    rows = rows_of(path, LABELS, (("text",), ("label",)))
    problems = [f"row {row.number}: there is no text" for row in rows if not row.first("text")]
    if not rows:
        problems.append(f"{path}: there is nothing below the names of the columns")
    if problems:
        raise Unusable(problems)
    said = ((row.number, row.first("text"), row.first("label")) for row in rows)
    return [(number, text, "none" if label.casefold() in OUTSIDE else label) for number, text, label in said]
