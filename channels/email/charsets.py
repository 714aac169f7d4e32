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
        if declared == "gb18030" and _is_utf8_han(data) and (text := _strict(data, "utf-8")):
            return text
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
    guess = from_bytes(sample, steps=3, chunk_size=512).best() if len(sample) >= 8 else None
    for name in (codec(guess.encoding) if guess else "", "cp1252"):
        if name and (text := _strict(data, name)):
            return text
    return data.decode(codec(guess.encoding) or "cp1252" if guess else "cp1252", "replace")


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        return ""


def _is_utf8_han(data: bytes) -> bool:
    """Chinese in UTF-8 under a GB label: three bytes a character, which GB text does not do by chance for long."""
    return len(UTF8_HAN.findall(data[:SAMPLE])) >= 3 and bool(_strict(data, "utf-8"))


def _clean(text: str) -> str:
    """No NUL and no half of a surrogate pair: PostgreSQL takes neither."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
