"""A reply without what stands below it: quoted mails, signatures, footers. Chinese clients first, then Western ones.

Every scanner looks at each line a bounded number of times. Whoever needs the whole text has it in Mail.text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from channels.email.marks import (
    ADDRESS,
    ADDRESS_ALONE,
    BANNER,
    BULK,
    DATE_ALONE,
    DATED_ADDRESS,
    DELIMITER,
    DRAWN,
    ENDS,
    FOOTER,
    FORWARD_ALONE,
    FORWARDED,
    INTRODUCTION,
    INVISIBLE,
    LABEL,
    LABELS,
    LIST_FOOTER,
    MOBILE,
    OPENER,
    OWN,
    QUOTED,
    RECIPIENTS,
    RULE,
    SENDER_LABELS,
    SEPARATOR,
    SEPARATORS_ALONE,
    SURE_DELIMITER,
    SURE_LABELS,
    TIMED_ADDRESS,
    VERB,
    WHEN,
    YEAR,
)

LONGEST_TEXT = 64 * 1024
MOST_LINES = 1_000
LONGEST_LINE = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line: as it came, and as the scanners read it."""

    given: str
    said: str  # without outer blanks, invisible characters and `&nbsp;`
    quoted: bool
    blank: bool
    ends: bool  # as the line does that introduces a quote


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a quote begins."""

    line: int
    content: int  # the line where the quoted words begin, below the labels
    column: int = 0
    chinese: bool = True  # the client's language: only Western ones ask for answers below the quote
    forward: bool = False


def cut(text: str, subject: str = "") -> str:
    """Never empty for a text that is not: where nothing would remain, all of it is the message."""
    whole = text.strip()
    lines = _lines(whole)
    if not lines or not any(not line.blank for line in lines):
        return whole
    upper = _above_own_marker(lines)
    if upper is lines and FORWARDED.match(subject):
        return whole
    remaining = upper
    for step in (_without_seal, _without_banner):
        shorter = step(remaining)
        if _says_anything(shorter):
            remaining = shorter
    mark = _first_mark(remaining)
    if mark and mark.forward and upper is lines:
        return whole  # written only when a mail is passed on: it is the content
    for step in (partial(_without_quote, mark=mark), _without_end):
        shorter = step(remaining)
        if _says_anything(shorter):
            remaining = shorter
    if remaining is lines:
        return whole
    rest = "" if remaining[-1] is not lines[-1] else whole[sum(len(line.given) + 1 for line in lines) - 1 :]
    return ("\n".join(line.given for line in remaining) + rest).strip() or whole


def _says_anything(lines: list[Line]) -> bool:
    return any(line.said.strip("-_—=*#~>| ") for line in lines)


def _lines(text: str) -> list[Line]:
    found = text[:LONGEST_TEXT].split("\n")[:MOST_LINES]
    return [_line(each) for each in found]


def _line(given: str) -> Line:
    said = _said(given[:LONGEST_LINE])
    quoted = said[:1] in (">", "＞", "|", ":") and bool(QUOTED.match(said))
    return Line(given, said, quoted, not said, said.endswith(ENDS) or said.startswith("Posted by "))


def _said(line: str) -> str:
    if line[:2] == "</" and RECIPIENTS.fullmatch(line):
        return ""
    if line.isascii() and "&nbsp" not in line:
        return line.strip()
    return INVISIBLE.sub("", line.replace("&nbsp;", " ")).replace("\u00a0", " ").replace("\u3000", " ").strip()


def _above_own_marker(lines: list[Line]) -> list[Line]:
    for index, line in enumerate(lines):
        if OWN.search(line.said):
            above = lines[:index]
            # what some clients write or draw directly above of their quote
            while above and (above[-1].blank or above[-1].said.strip("> |") == ""):
                above = above[:-1]
            return above if _says_anything(above) else lines
    return lines


def _without_seal(lines: list[Line]) -> list[Line]:
    """The text between the marks of a PGP signature."""
    start = _next(lines, 0, len(lines))
    if start is None or lines[start].said != "-----BEGIN PGP SIGNED MESSAGE-----":
        return lines
    first = next((place for place in range(start, len(lines)) if lines[place].blank), start)
    marks = (place for place in range(first, len(lines)) if lines[place].said == "-----BEGIN PGP SIGNATURE-----")
    return lines[first + 1 : next(marks, len(lines))]


def _without_banner(lines: list[Line]) -> list[Line]:
    """The mail gateway's warning in front of the text."""
    start = 0
    while start < len(lines) and lines[start].blank:
        start += 1
    if start < len(lines) and len(lines[start].said) < 400 and BANNER.match(lines[start].said):
        start += 1
        while start < len(lines) and not lines[start].blank and not RULE.fullmatch(lines[start].said) and start < 4:
            if not BANNER.match(lines[start].said) and not re.search(
                r"链接|附件|click|links|attachments|sender", lines[start].said, re.I
            ):
                break
            start += 1
        return lines[start:]
    return lines


# -- where the quote begins


def _first_mark(lines: list[Line]) -> Mark | None:
    for index, line in enumerate(lines):
        if not line.blank and (found := _marker(lines, index)):
            return found
    return None


def _without_quote(lines: list[Line], mark: Mark | None) -> list[Line]:
    """What stands above the first mark; all where answers stand between quoted lines."""
    if mark is None:
        return _without_trailing_quote(lines)
    head = lines[mark.line].given[: mark.column]
    above = lines[: mark.line] + ([_line(head)] if head.strip() else [])
    if all(each.blank or each.quoted for each in above):
        return _below(lines, mark)
    if _answers_between(lines, mark.content):
        return lines if mark.chinese else lines[: mark.line] + lines[mark.content :]
    return _without_foxmail_head(above)


def _marker(lines: list[Line], index: int) -> Mark | None:
    line = lines[index]
    if line.quoted:
        return None
    said = line.said
    if DRAWN.search(said):
        if match := SEPARATOR.search(said):
            forward = match["forward"] is not None
            if not any(each.isalnum() for each in said[: match.start()]):
                return Mark(index, _after_head(lines, index + 1), forward=forward)
            if match.end() - match.start() > 16:
                column = max(line.given.find(match[0][:4]), 1)
                return Mark(index, _after_head(lines, index + 1), column, forward=forward)
        if RULE.fullmatch(said):
            following = _next(lines, index + 1, 3)
            if following is not None and _is_head(lines, following):
                return Mark(index, _after_head(lines, following))
    if len(said) < 30 and said.rstrip(":： ").lower() in SEPARATORS_ALONE:
        if any(_label(each) for each in lines[index + 1 : index + 7]):
            return Mark(index, _after_head(lines, index + 1))
    elif line.ends and len(said) < 60 and FORWARD_ALONE.fullmatch(said):
        return Mark(index, _after_head(lines, index + 1), forward=True)
    if _is_head(lines, index):
        return Mark(index, _after_head(lines, index))
    if _ends_near(lines, index) and (end := _attribution(lines, index)) is not None:
        chinese = not any(each.said.isascii() and VERB.search(each.said) for each in lines[index : end + 1])
        return Mark(index, end + 1, chinese=chinese)
    return None


def _next(lines: list[Line], start: int, within: int) -> int | None:
    return next((place for place in range(start, min(start + within, len(lines))) if not lines[place].blank), None)


def _ends_near(lines: list[Line], index: int) -> bool:
    for line in lines[index : index + 4]:  # noqa: SIM110 - this loop costs half of what any() does
        if line.ends:
            return True
    return False


def _label(line: Line) -> str:
    start = line.said[:40]
    if ":" not in start and "：" not in start and "|" not in start:
        return ""
    match = LABEL.match(line.said, 0, 40)
    name = "".join(match[1].split()).lower() if match else ""
    return name if name in LABELS and len(line.said) <= 1_500 else ""


def _is_head(lines: list[Line], index: int) -> bool:
    """`发件人：` with another label soon after it, or three labels in a row with the sender among them; and something
    that only mail has: a subject, a time of sending, an address."""
    label = _label(lines[index])
    if not label:
        return False
    seen = [label]
    sure = label in SURE_LABELS or "@" in lines[index].said
    gap = 0
    for line in lines[index + 1 : index + 13]:
        if line.blank:
            continue
        if found := _label(line):
            seen.append(found)
            sure = sure or found in SURE_LABELS or "@" in line.said
            gap = 0
        else:
            gap += 1
            if gap > 2:
                break
    others = [each for each in seen[1:] if each != label]
    if not others or not (sure or ("subject" in seen and "date" in seen)):
        return False
    if label in SENDER_LABELS:
        short = lines[index].said.isascii() and len(label) < 4 and label != "von"
        return len(others) >= (2 if short else 1)
    return len(seen) >= 3 and any(each in SENDER_LABELS for each in seen)


def _after_head(lines: list[Line], start: int) -> int:
    """The first line after the labels of a quoted mail's head."""
    place, gap, last = start, 0, start
    while place < len(lines) and place < start + 40 and gap < 3:
        if _label(lines[place]) or set(lines[place].said) <= set("|-: "):
            if lines[place].said:
                last, gap = place + 1, 0
        else:
            gap += 1
        place += 1
    return last


def _attribution(lines: list[Line], index: int) -> int | None:
    """The last line of `On …, X <x@y> wrote:`, which clients wrap after the date or within the address."""
    joined = ""
    for end in range(index, min(index + 4, len(lines))):
        line = lines[end]
        if line.blank or (line.quoted and end > index) or len(line.said) > 600:
            break
        joined += (" " if joined else "") + line.said
        if len(joined) > 800:
            break
        if not line.ends:
            if end == index and not _may_begin(line.said):
                return None
            continue
        if _is_attribution(joined, end == index, _quoted_next(lines, end + 1)):
            return end
    return None


def _is_attribution(joined: str, alone: bool, quoted_next: bool) -> bool:
    """`alone`: it is one line, as it came."""
    if quoted_next and DATED_ADDRESS.fullmatch(joined):
        return True
    if len(joined) < 300 and TIMED_ADDRESS.fullmatch(joined) and YEAR.search(joined):
        return True
    if quoted_next and alone and INTRODUCTION.fullmatch(joined) and not joined.startswith(("http", "- ")):
        return True
    if not VERB.search(joined):
        return False
    dated, addressed = bool(WHEN.search(joined)), "@" in joined and bool(ADDRESS.search(joined))
    if dated + addressed + quoted_next >= 2 or ((dated or addressed) and OPENER.match(joined)):
        return _is_short_story(joined)
    if alone and quoted_next and len(joined) < 80:
        return True
    return dated and bool(re.search(r"[写寫]道", joined)) and len(joined) < 160


def _may_begin(said: str) -> bool:
    return bool(OPENER.match(said) or ("@" in said and ADDRESS.search(said)) or WHEN.search(said) or said.endswith("<"))


def _is_short_story(joined: str) -> bool:
    """No attribution holds a whole sentence behind its verb."""
    ends = [match.end() for match in VERB.finditer(joined)]
    return bool(ends) and len(joined) - ends[-1] < 200


def _quoted_next(lines: list[Line], start: int) -> bool:
    following = _next(lines, start, 4)
    return following is not None and lines[following].quoted


# -- what is quote and what is answer


def _runs(lines: list[Line], start: int) -> list[tuple[int, int, bool]]:
    """Quoted and own runs from `start` on, without blank lines at their edges. Lines that a relay wrapped out of a
    quoted one belong to it."""
    runs: list[tuple[int, int, bool]] = []
    for index in range(start, len(lines)):
        line = lines[index]
        if line.blank:
            continue
        quoted = line.quoted
        if (
            not quoted
            and index
            and lines[index - 1].quoted
            and _width(lines[index - 1].said) >= 60
            and runs
            and runs[-1][2]
        ):
            following = lines[index + 1] if index + 1 < len(lines) else None
            quoted = _width(line.said) < 40 and (following is None or following.blank or following.quoted)
        if runs and runs[-1][2] == quoted:
            runs[-1] = (runs[-1][0], index + 1, quoted)
        else:
            runs.append((index, index + 1, quoted))
    return runs


def _width(said: str) -> int:
    return len(said) if said.isascii() else sum(2 if each > "\u2e7f" else 1 for each in said)


def _answers_between(lines: list[Line], content: int) -> bool:
    """New lines below or between `>` lines. Without `>` nobody can tell them from the quote."""
    runs = _runs(lines, content)
    if not runs or not runs[0][2]:
        return False
    return any(not quoted and _is_new_text(lines, start, end) for start, end, quoted in runs[1:])


def _is_new_text(lines: list[Line], start: int, end: int) -> bool:
    """False for footers, signatures and an older quote without `>`."""
    for index in range(start, end):
        line = lines[index]
        if line.blank or line.quoted:
            continue
        if (
            DELIMITER.fullmatch(line.said)
            or RULE.match(line.said)
            or LIST_FOOTER.search(line.said)
            or _marker(lines, index) is not None
        ):
            return False
        if MOBILE.fullmatch(line.said) or not any(each.isalnum() for each in line.said):
            continue
        return True
    return False


def _below(lines: list[Line], mark: Mark) -> list[Line]:
    """Nothing stands above the marker: a forward, or an answer below the quote."""
    runs = _runs(lines, mark.content)
    own = [(begin, end) for begin, end, quoted in runs if not quoted]
    if mark.chinese or not runs or not runs[0][2] or not own or not _is_new_text(lines, *own[0]):
        return lines
    if len(runs) == 2:
        return lines[own[0][0] :]
    kept = lines[mark.content :]
    return kept if _answers_between(lines, mark.content) else lines


def _without_trailing_quote(lines: list[Line]) -> list[Line]:
    """No marker: text, then `>` lines to the end; or `>` lines and then the answer."""
    runs = _runs(lines, 0)
    if len(runs) < 2:
        return lines
    tail = len(runs)
    while tail and not (runs[tail - 1][2]) and not _is_new_text(lines, runs[tail - 1][0], runs[tail - 1][1]):
        tail -= 1
    if tail >= 2 and runs[tail - 1][2] and (tail == 2 or not any(quoted for *_, quoted in runs[: tail - 1])):
        above = lines[: runs[tail - 1][0]]
        headed = any(_label(line) for line in lines[len(above) : len(above) + 4])
        return _without_foxmail_head(above) if headed else _without_last_attribution(above)
    if len(runs) == 2 and runs[0][2]:
        return lines[runs[1][0] :]
    if runs[-1][2] and any(quoted for *_, quoted in runs[:-1]):
        return lines[: runs[-1][0]]
    return lines


def _without_last_attribution(lines: list[Line]) -> list[Line]:
    """`X wrote:` of a kind that nobody knows, directly above of the quote."""
    end = len(lines)
    while end and lines[end - 1].blank:
        end -= 1
    if end > 1 and lines[end - 1].said.endswith((":", "：")) and VERB.search(lines[end - 1].said):
        return lines[: end - 1]
    return lines[:end]


def _without_foxmail_head(above: list[Line]) -> list[Line]:
    """Foxmail signs with the date and the writer's name, or with the address alone, above of the quoted head."""
    end = len(above)
    while end and (above[end - 1].blank or RULE.fullmatch(above[end - 1].said)):
        end -= 1
    place, seen = end, 0
    while place and seen < 4 and end - place < 12:
        line = above[place - 1]
        if not line.blank:
            if DATE_ALONE.fullmatch(line.said):
                return above[: place - 1]
            if len(line.said) > 30:
                break
            seen += 1
        place -= 1
    if end > 1 and ADDRESS_ALONE.fullmatch(above[end - 1].said):
        return above[: end - 1]
    return above[:end]


# -- what stands at the end


def _without_end(lines: list[Line]) -> list[Line]:
    for step in (
        _without_list_footer,
        _without_confidentiality,
        _without_signature,
        _without_mobile,
        _without_card,
        _without_signature,
    ):
        shorter = step(lines)
        if _says_anything(shorter):
            lines = shorter
    end = len(lines)
    while end and lines[end - 1].blank:
        end -= 1
    return lines[:end]


def _without_list_footer(lines: list[Line]) -> list[Line]:
    for index in range(max(0, len(lines) - 25), len(lines)):
        said = lines[index].said
        if (RULE.fullmatch(said) or SURE_DELIMITER.fullmatch(said)) and any(
            LIST_FOOTER.search(line.said) for line in lines[index + 1 : index + 6]
        ):
            return lines[:index]
        if LIST_FOOTER.match(said) and not re.search(r"[。？！?]$", said):
            return lines[:index]
    return lines


def _without_confidentiality(lines: list[Line]) -> list[Line]:
    for index in range(max(1, len(lines) - 30), len(lines)):
        if FOOTER.search(lines[index].said[:600]):
            above = index
            while above and (lines[above - 1].blank or RULE.fullmatch(lines[above - 1].said)):
                above -= 1
            return lines[:above]
    return lines


def _without_mobile(lines: list[Line]) -> list[Line]:
    """`发自我的iPhone` and its kin, at the end or directly above of a signature."""
    end = len(lines)
    for _ in range(3):
        while end and lines[end - 1].blank:
            end -= 1
        if not end or len(lines[end - 1].said) > 120 or not MOBILE.fullmatch(lines[end - 1].said):
            break
        end -= 1
    return lines[:end]


def _without_card(lines: list[Line]) -> list[Line]:
    """The signature of NetEase's clients, a table of which bars remain: `| |`, a name, `|`, `|`, an address, `|`."""
    end = len(lines)
    while end and lines[end - 1].blank:
        end -= 1
    if not end or not lines[end - 1].said.endswith("|"):
        return lines
    for place in range(max(1, end - 16), end - 1):
        if lines[place].said in ("|", "| |") and all(len(line.said) < 60 for line in lines[place:end]):
            return lines[:place]
    return lines


def _without_signature(lines: list[Line]) -> list[Line]:
    """Below the last line that is nothing but a delimiter, if what follows is short."""
    filled = 0
    for index in range(len(lines) - 1, 0, -1):
        said = lines[index].said
        if not said:
            continue
        if SURE_DELIMITER.fullmatch(said) or (
            said.startswith(("--", "__"))
            and len(said) < 40
            and not said[2:3].isdigit()
            and lines[index - 1].blank
            and said.strip("-_ ")
            and not (index + 1 < len(lines) and lines[index + 1].said.startswith("+++"))  # a patch
        ):
            return lines[:index] if filled <= 12 else lines
        if DELIMITER.fullmatch(said) and filled <= 12:
            below = lines[index + 1 :]
            if not any(not line.blank for line in below) or any(BULK.search(line.said) for line in below):
                return lines[:index]
        filled += 1
        if filled > 15:
            break
    return lines
