"""From bytes to text: what the mail says about its charset, corrected by what mail clients really mean."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

SAMPLE = 4_000  # bytes that the guesser looks at
# The label and what its senders use: a superset, in which the rare character is no error
ALIASES = {
    **dict.fromkeys(("gb2312", "gb_2312-80", "gb2312-80", "iso-gb2312", "euc-cn", "euccn", "csgb2312"), "gb18030"),
    **dict.fromkeys(("gbk", "x-gbk", "gb-k", "cp936", "ms936", "windows-936", "gb-18030", "chinese", "gb"), "gb18030"),
    **dict.fromkeys(("big5", "big-5", "x-big5", "csbig5", "cp950", "x-x-big5", "big5-eten"), "big5hkscs"),
    **dict.fromkeys(
        ("ks_c_5601-1987", "ks_c_5601", "ksc5601", "ksc_5601", "euc-kr", "euckr", "x-windows-949"), "cp949"
    ),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "ansi", "cp1252"), "cp1252"),
    **dict.fromkeys(("us-ascii", "ascii", "ansi_x3.4-1968", "7bit", "8bit", "us_ascii"), "ascii"),
    **dict.fromkeys(("utf8", "utf-8", "utf_8", "unicode", "utf-8n", "utf8mb4", "x-utf-8"), "utf-8"),
    **dict.fromkeys(("unicode-1-1-utf-7", "utf7", "x-unicode-2-0-utf-7"), "utf-7"),
    **dict.fromkeys(("hz-gb-2312", "hz"), "hz"),
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "cp-850": "cp850",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc-jp",
}
NOT_TEXT = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
MULTI_BYTE = {"gb18030", "big5hkscs", "cp949", "cp932", "euc_jp", "euc_kr", "hz", "utf-7", "utf-8", "iso2022_jp_ext"}
UTF8_HAN = re.compile(rb"[\xe3-\xe9][\x80-\xbf][\x80-\xbf]")
ESCAPED_JAPANESE = re.compile(rb"\x1b(?:\$[@B]|\([BJ])")
HIGH_RUN = re.compile(rb"[\x80-\xff]+")
LETTER = re.compile(rb"[A-Za-z]")
BIG5_PAIR = re.compile(rb"[\xa1-\xf9][\x40-\x7e\xa1-\xfe]")
HIGH = bytes(range(0x80, 0x100))
EUC = bytes(range(0xA1, 0xF8))
KOREAN = bytes(range(0xB0, 0xC9))


def _all_but(*bytes_kept: int) -> bytes:
    return bytes(set(range(256)) - set(bytes_kept))


NOT_KANA = _all_but(0xA4, 0xA5)
NOT_SIGNS = _all_but(0xA1, 0xA3)
NOT_FREQUENT_IN_GB = _all_but(*range(0xB0, 0xD8))
NOT_FREQUENT_IN_BIG5 = _all_but(*range(0xA1, 0xC7))
NOT_SMALL_IN_KOI8 = _all_but(*range(0xC0, 0xE0))
COMMON = re.compile("[的不发都单服好客会货还件可快来们你您到]")
# Without the letters that Western charsets share with what Czech or Polish mean by the same byte
WESTERN = re.compile(r"[\x00-\x7f\u00a0äöüßÄÖÜéèêëàâçîïôûùœñáíóúãõÉÈÊÀÂÇÔÑÁÍÓÚÃÕ¿¡€’‘“”„–—…«»°§·]*")
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@lru_cache(maxsize=1024)
def codec(label: str) -> str:
    """Python's name of what the label means, "" for what nobody knows."""
    name = label.strip().strip("\"'").lower()[:60]
    name = ALIASES.get(name, name)
    if not name:
        return ""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):  # the last two for labels that are no names at all
        return ""
    known = ALIASES.get(found.name, found.name)
    return known if found._is_text_encoding and known not in NOT_TEXT else ""


def decode(data: bytes, label: str = "", hint: str = "") -> str:
    """`hint`: the charset that the rest of the mail speaks, or the mailbox's own, for bytes that do not say."""
    if data.isascii() and b"\x1b" not in data and b"~{" not in data and b"+" not in data and b"\0" not in data:
        return data.decode("ascii")
    return _clean(_decode(data, codec(label), codec(hint)))


def _decode(data: bytes, declared: str, hint: str) -> str:
    for mark, name in BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    if declared in ("", "ascii") and data.isascii():
        return _strict(data, "iso2022_jp_ext") if ESCAPED_JAPANESE.search(data[:SAMPLE]) else data.decode("ascii")
    if declared and declared != "ascii":
        if declared not in MULTI_BYTE and not declared.startswith("utf") and (text := _strict(data, "utf-8")):
            return text
        if declared == "gb18030" and (text := _strict(data, "utf-8")) and len(UTF8_HAN.findall(data[:SAMPLE])) >= 3:
            return text  # three bytes a character, which GB text does not do by chance for long
        if text := _strict(data, declared):
            return text
    if text := _strict(data, "utf-8"):
        return text
    if declared and declared != "ascii":
        text = data.decode(declared, "replace")
        if text.count("\ufffd") < 0.02 * len(text) or text.count("\ufffd") == 1:
            return text
    return detect(data, hint)


def detect(data: bytes, hint: str = "") -> str:
    """For bytes that are not what they say and not UTF-8."""
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") < 0.02 * len(text):
        return text  # UTF-8 with a stray byte, or cut within a character
    if hint and hint not in ("ascii", "utf-8", "cp1252") and (text := _strict(data, hint)):
        return text
    sample = data[:SAMPLE]
    if (shaped := _by_shape(sample)) and (text := _strict(data, shaped) or _nearly(data, shaped)):
        return text
    guess = from_bytes(sample, steps=3, chunk_size=512).best() if len(sample) >= 8 else None
    guessed = codec(guess.encoding) if guess else ""
    if (text := _strict(data, "cp1252")) and WESTERN.fullmatch(text):
        return text
    for name in (guessed, "cp1252"):
        if name and (text := _strict(data, name)):
            return text
    return data.decode(guessed or "cp1252", "replace")


def _nearly(data: bytes, name: str) -> str:
    text = data.decode(name, "replace")
    return text if text.count("\ufffd") < 0.02 * len(text) else ""


def _by_shape(sample: bytes) -> str:
    """What the guesser takes for Korean or for Western accents when the text is short, "" for what it does well."""
    runs = HIGH_RUN.findall(sample)
    if len(sample) == SAMPLE:
        runs = runs[:-1]  # the last one may be cut
    count = sum(map(len, runs))
    if not count:
        return ""
    if sum(len(run) % 2 for run in runs) <= len(runs) // 20 and (found := _of_pairs(runs)):
        return found
    letters = count + len(LETTER.findall(sample))
    big = b"".join(BIG5_PAIR.findall(sample))
    frequent = len(big[::2].translate(None, NOT_FREQUENT_IN_BIG5))
    if len(big) > max(3, 0.6 * letters) and frequent > 0.45 * len(big) and big[1::2].translate(None, HIGH):
        return "big5hkscs"
    if count > max(0.6 * letters, 2.5 * len(runs)):  # words of nothing else: Cyrillic, told apart by its small letters
        small = sum(len(run.translate(None, NOT_SMALL_IN_KOI8)) for run in runs)
        return "koi8-r" if small > 0.7 * count else "cp1251" if small < 0.3 * count and len(sample) < 8 else ""
    return ""


def _of_pairs(runs: list[bytes]) -> str:
    """A character of GB and EUC is two high bytes; single accents and most Cyrillic words are an odd number of them.

    The first byte tells: kana A4 and A5, Korean from B0 to C8, frequent Chinese from B0 to D7."""
    first = b"".join(run[: len(run) & ~1 : 2] for run in runs)
    if len(first.translate(None, EUC)) > 0.03 * len(first):
        return ""
    if len(first.translate(None, NOT_KANA)) > 0.3 * len(first):
        return "euc_jp"
    frequent = first.translate(None, NOT_FREQUENT_IN_GB)
    if len(frequent) + len(first.translate(None, NOT_SIGNS)) <= max(
        0.8 * len(first), 2 * len(first) - 2 * len(frequent)
    ):
        return ""
    if len(first) < 5 or frequent.translate(None, KOREAN) or COMMON.search(b"".join(runs).decode("gb18030", "replace")):
        return "gb18030"
    return "cp949"


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        return ""


def _clean(text: str) -> str:
    """No NUL and no half of a surrogate pair: PostgreSQL takes neither."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
