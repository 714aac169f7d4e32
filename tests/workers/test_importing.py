"""Tables that other systems export, and what becomes of them: entries as ops would have written them, or nothing."""

from __future__ import annotations

import io
import stat
import tomllib
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hub.knowledge import Entry, Knowledge
from hub.settings import ConfigError, Settings, load
from workers.bots import importing
from workers.bots.importing import ANSWERS, Imported, Unusable, carry_out, entries_of, labelled, planned, rows_of

KNOWN = Entry.model_validate({"id": "refund", "questions": ["怎么退款"], "answer": {"zh": "七天内"}})
FAQ = '# kept\n\n[[entry]]\nid = "refund"   # as it is\nquestions = ["怎么退款"]\nanswer.zh = "七天内"\n'
HEAD = "问题,答案\n"


def read(tmp_path: Path, content: str | bytes, name: str = "faq.csv", *known: Entry) -> list[Imported]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return entries_of(rows_of(path, ANSWERS, (("questions",), ("zh", "en"))), Knowledge(known), {"faq/shop.toml": FAQ})


def told(entries: Sequence[Imported]) -> list[tuple[str, list[str], str, str, list[str]]]:
    return [(each.id, each.questions, each.zh, each.en, each.tags) for each in entries]


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        ("question,answer\n怎么退款,七天内\n", [("zen-me-tui-kuan", ["怎么退款"], "七天内", "", [])]),
        (
            "id,questions,answer.zh,answer.en,tags\nrefund,怎么退款|退钱,七天内,7 days,售后;钱\n",
            [("refund", ["怎么退款", "退钱"], "七天内", "7 days", ["售后", "钱"])],
        ),
        ("问题;答案\n怎么退款;七天内\n", [("zen-me-tui-kuan", ["怎么退款"], "七天内", "", [])]),
        ("标准问\t相似问\t回答\n怎么退\t退钱\t七天内\n", [("zen-me-tui", ["怎么退", "退钱"], "七天内", "", [])]),
        (
            '标准问题,相似问法1,相似问法2,标准答案,分类\n怎么退款,"退钱\n退货",我要退,七天内,售后\n',
            [("zen-me-tui-kuan", ["怎么退款", "退钱", "退货", "我要退"], "七天内", "", ["售后"])],
        ),
        (
            "编号,问题,答案\n1,怎么退款,七天内\n2,开票,在订单里\n1,退钱,\n",
            [("1", ["怎么退款", "退钱"], "七天内", "", []), ("2", ["开票"], "在订单里", "", [])],
        ),
        (HEAD + "怎么退款,七天内\n退钱,七天内\n", [("zen-me-tui-kuan", ["怎么退款", "退钱"], "七天内", "", [])]),
        (HEAD + "怎么退款,七天内\n怎么退款？,七天内\n", [("zen-me-tui-kuan", ["怎么退款"], "七天内", "", [])]),
        (HEAD + "怎么退款,a\n怎么褪款,b\n", [
            ("zen-me-tui-kuan", ["怎么退款"], "a", "", []),
            ("zen-me-tui-kuan-2", ["怎么褪款"], "b", "", []),
        ]),
        ("Question,Answer\nHow do I get a refund for it now?,Soon\n", [
            ("how-do-i-get-a-refund", ["How do I get a refund for it now?"], "Soon", "", []),
        ]),
        ("question,answer.en\nRefund?,Soon\n", [("refund", ["Refund?"], "Soon", "", [])]),
        ("导出,,\n\n备注,问题,答案\nx,换货,七天内\n", [("huan-huo", ["换货"], "七天内", "", [])]),
        (HEAD + '"=HYPERLINK(""http://x"")",+1\n', [("hyperlink-http-x", ['=HYPERLINK("http://x")'], "+1", "", [])]),
        (HEAD + "person,a\nnone,b\n", [("person-2", ["person"], "a", "", []), ("none-2", ["none"], "b", "", [])]),
        (HEAD + "Я хочу,a\n", [("entry", ["Я хочу"], "a", "", [])]),
        ("ID,问题,答案\nFAQ 001/退款,怎么退款,七天内\n", [("faq-001-tui-kuan", ["怎么退款"], "七天内", "", [])]),
        ("ID,问题,答案\nA 1,退款,a\na-1,换货,b\n", [("a-1", ["退款"], "a", "", []), ("a-1-2", ["换货"], "b", "", [])]),
        (HEAD + '怎么退款,"一\r\n二\x07"\n', [("zen-me-tui-kuan", ["怎么退款"], "一\n二", "", [])]),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)  # fmt: skip
def test_rows_become_entries(tmp_path: Path, content: str, entries: list[Any]) -> None:
    assert told(read(tmp_path, content)) == entries


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    [entry] = read(tmp_path, (HEAD + "运费多少钱,八块\n").encode(encoding))
    assert (entry.questions, entry.zh) == (["运费多少钱"], "八块")


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (HEAD, ["there is nothing below the names of the columns"]),
        (HEAD + "怎么换货,\n", ["row 2: there is no answer"]),
        (HEAD + ",七天\n", ["row 2: there is no question"]),
        (HEAD + "？！,七天\n", ["row 2: '？！' needs at least one letter or digit"]),
        (HEAD + "退" * 501 + ",a\n", [f"row 2: a question of more than 500 characters: {'退' * 20}…"]),
        (HEAD + "\n换货,a\n换货！,b\n", ["row 4: '换货！' is already in row 3, with another answer"]),
        ("id,问题,答案\n1,换货,a\n1,换,b\n", ["row 3: '1' has another answer in row 2"]),
        (HEAD + "怎么退款？,a\n", ["row 2: '怎么退款？' is already asked: refund, faq/shop.toml line 5"]),
        ("id,问题,答案\nrefund,换货,a\n", ["row 2: there is already an entry 'refund'"]),
        (
            HEAD + "换货,\n怎么退款,a\n",
            [
                "row 2: there is no answer",
                "row 3: '怎么退款' is already asked: refund, faq/shop.toml line 5",
            ],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_row(tmp_path: Path, content: str, problems: list[str]) -> None:
    with pytest.raises(Unusable) as refused:
        read(tmp_path, content, "faq.csv", KNOWN)
    assert refused.value.problems == problems


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no row names the columns; it must have one of each: question,"),
        ("a,b\n1,2\n", "no row names the columns"),
        ("问题,备注\n怎么退款,x\n", "no row names the columns"),
        (HEAD + '"退款,a\n换货,b\n', "line 3: a quotation mark that is not closed"),
        (HEAD + '"退"款,a\n', "line 2: a quotation mark that is not closed or not doubled"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b"\xd0\xcf\x11\xe0 old Excel", "neither a CSV nor an .xlsx"),
        (b"\x00\x01\x02", "neither a CSV nor an .xlsx"),
        (b"PK\x03\x04 not a workbook", "cannot be read as .xlsx"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: str | bytes, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        read(tmp_path, content)


def test_many_problems_are_not_all_shown(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as refused:
        read(tmp_path, HEAD + "".join(f"问题{number},\n" for number in range(80)))
    assert len(refused.value.problems) == 80
    assert str(refused.value).endswith("… and 30 more")


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LARGEST", 100)
    monkeypatch.setattr(importing, "MOST_ROWS", 5)
    with pytest.raises(Unusable, match="larger than"):
        read(tmp_path, HEAD + "退款,a\n" * 30)
    with pytest.raises(Unusable, match="more than 5 rows"):
        read(tmp_path, HEAD + "a,b\n" * 12)


def workbook(*rows: Sequence[Any], sheets: Sequence[str] = ("FAQ",)) -> bytes:
    book = openpyxl.Workbook()
    for name in sheets[:-1]:
        book.create_sheet(name, 0)
    sheet = book.worksheets[-1]
    for row in rows:
        sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def test_a_workbook(tmp_path: Path) -> None:
    content = workbook(
        ("标准问", "相似问", "答案"), ("怎么退款", "退钱\n退货", "七天内"), (None, None), ("换货", None, 15)
    )
    assert told(read(tmp_path, content, "导出.xlsx")) == [
        ("zen-me-tui-kuan", ["怎么退款", "退钱", "退货"], "七天内", "", []),
        ("huan-huo", ["换货"], "15", "", []),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (15, "15"),
        (15.0, "15"),
        (1.5, "1.5"),
        (True, "TRUE"),
        (date(2026, 11, 11), "2026-11-11"),
        (datetime(2026, 11, 11, 20, 30), "2026-11-11 20:30:00"),
        (time(9, 30), "09:30:00"),
        ("#N/A", "#N/A"),
        ("  a\n b ", "a\n b"),
    ],
)
def test_whatever_a_cell_holds_comes_as_text(tmp_path: Path, value: Any, text: str) -> None:
    [entry] = read(tmp_path, workbook(("问题", "答案"), ("退款", value)), "faq.xlsx")
    assert entry.zh == text


def test_the_sheet_that_has_the_columns_is_taken(tmp_path: Path) -> None:
    content = workbook(("问题", "答案"), ("退款", "a"), sheets=("说明", "FAQ"))
    assert [entry.zh for entry in read(tmp_path, content, "faq.xlsx")] == ["a"]


def test_a_workbook_that_unpacks_to_a_flood_is_refused(tmp_path: Path) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", b" " * (importing.LARGEST_UNPACKED + 1))
    assert len(written.getvalue()) < importing.LARGEST
    with pytest.raises(Unusable, match="unpacks to more than"):
        read(tmp_path, written.getvalue(), "faq.xlsx")


@pytest.fixture
def settings(config: Path) -> Settings:
    return load(config)


def plan(settings: Settings, tmp_path: Path, content: str, into: str | None = "shop.toml") -> importing.Plan:
    path = tmp_path / "导出 FAQ.csv"
    path.write_text(content, encoding="utf-8")
    return planned(path, settings.folder / "faq" / into if into else None, settings)


def test_what_is_there_stays_as_it_is(settings: Settings, tmp_path: Path) -> None:
    path = settings.folder / "faq/shop.toml"
    path.chmod(0o640)
    made = plan(settings, tmp_path, '问题,答案,answer.en,标签\n怎么换货,"一\n""二""",Fine,售后\n')
    assert path.read_text(encoding="utf-8") == FAQ
    carry_out(made)
    assert path.read_text(encoding="utf-8") == FAQ + (
        '\n[[entry]]\nid = "zen-me-huan-huo"\nquestions = ["怎么换货"]\n'
        'answer.zh = """一\n"二""""\nanswer.en = "Fine"\ntags = ["售后"]\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in path.parent.iterdir()] == ["shop.toml"]
    assert load(settings.folder).knowledge.entry["zen-me-huan-huo"].answer.zh == '一\n"二"'


def test_a_new_file_is_named_after_the_table(settings: Settings, tmp_path: Path) -> None:
    made = plan(settings, tmp_path, HEAD + "怎么换货,a\n", None)
    assert made.into == settings.folder / "faq/dao-chu-faq.toml"
    carry_out(made)
    assert [each.id for each in load(settings.folder).knowledge.entries] == ["zen-me-huan-huo", "refund"]


@pytest.mark.parametrize("text", [FAQ.replace("\n", "\r\n"), FAQ.rstrip("\n"), "", "# only this"])
def test_whatever_the_file_ends_with(settings: Settings, tmp_path: Path, text: str) -> None:
    path = settings.folder / "faq/other.toml"
    other = text.replace('"refund"', '"other"').replace("怎么退款", "别的")
    path.write_bytes(other.encode())
    made = plan(load(settings.folder), tmp_path, HEAD + "怎么换货,a\n", "other.toml")
    carry_out(made)
    assert path.read_bytes().startswith(other.encode())
    assert tomllib.loads(path.read_bytes().decode())["entry"][-1]["questions"] == ["怎么换货"]
    assert ("\n\n\n" in path.read_text(encoding="utf-8")) is False
    assert (b"\r\n" in path.read_bytes()) is ("\r\n" in text)


@pytest.mark.parametrize(
    ("into", "reason"),
    [("../shop.toml", "write into a .toml file of"), ("shop.csv", "write into a .toml file of")],
)
def test_only_where_bots_read(settings: Settings, tmp_path: Path, into: str, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        plan(settings, tmp_path, HEAD + "怎么换货,a\n", into)


@pytest.mark.parametrize("text", ["entry = []\n", '[entry]\nid = "x"\n'])
def test_a_file_that_cannot_be_added_to(settings: Settings, tmp_path: Path, text: str) -> None:
    (settings.folder / "faq/odd.toml").write_text(text)
    with pytest.raises(Unusable, match=r"writes each as \[\[entry\]\]"):
        plan(settings, tmp_path, HEAD + "怎么换货,a\n", "odd.toml")


def test_what_yizhan_check_would_refuse_is_not_written(settings: Settings, tmp_path: Path) -> None:
    made = plan(settings, tmp_path, HEAD + "怎么换货,a\n", "new.toml")
    (settings.folder / "faq/late.toml").write_text(made.after)  # somebody was faster
    with pytest.raises(ConfigError, match="is already in"):
        plan(settings, tmp_path, HEAD + "怎么换货,a\n", "new.toml")
    assert not (settings.folder / "faq/new.toml").exists()


def test_a_disk_that_fails_leaves_the_old_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    made = plan(settings, tmp_path, HEAD + "怎么换货,a\n")
    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OSError, match="No space"):
        carry_out(made)
    assert [each.name for each in (settings.folder / "faq").iterdir()] == ["shop.toml"]
    assert (settings.folder / "faq/shop.toml").read_text(encoding="utf-8") == FAQ


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("text,label\na,refund\nb,\nc,None\n", [(2, "a", "refund"), (3, "b", "none"), (4, "c", "none")]),
        ("用户问题,更多,意图\n退款,x,refund\n", [(2, "退款", "refund")]),
    ],
)  # fmt: skip
def test_texts_with_labels(tmp_path: Path, content: str, rows: list[tuple[int, str, str]]) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(content, encoding="utf-8")
    assert labelled(path) == rows


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("text,label\n,refund\n", "row 2: there is no text"),
        ("text,label\n", "nothing below"),
        ("a,b\n", "names the col"),
    ],
)
def test_labels_that_cannot_be_used(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Unusable, match=reason):
        labelled(path)
