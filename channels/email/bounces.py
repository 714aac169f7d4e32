"""Delivery reports: whose mail could not be delivered, why, and which mail of ours it was."""

from __future__ import annotations

import email
import logging
import re
from dataclasses import dataclass

from flufl.bounce import all_failures

from channels.email import headers
from channels.email.charsets import decode
from channels.email.mime import Part

LARGEST = 128 * 1024  # of the report, for the pattern library
MOST_LINES = 2_000
MOST_BOUNDARIES = 30  # the standard parser calls itself for each
MOST_RECIPIENTS = 100

DAEMON = re.compile(
    r"mailer[-_ ]?daemon|mail[-_ ]?daemon|post[-_]?master|mail[-_ ]?deliver|deliver(?:y|er)?[-_ ](?:sub)?system"
    r"|microsoftexchange"
    r"|mail ?system"
    r"|\bbounces?(?:[-+][^@\s]{0,100})?@|^\W?bounces?\b|^root@|amavis|mdaemon|interscan|mailmarshal"
    r"|mail administrator|mail router|internet mail service|uucp@"
    r"|mail[-_ ]?gateway|system administrator|系统管理员|邮件系统|退信|系统退信",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"undeliver|un-?delivered|not (?:be )?delivered|non[- ]?deliver|deliver(?:y|ed)[\w ()-]{0,30}(?:fail|error"
    r"|problem|delay|status|report|warning)"
    r"|(?:fail|error|problem|unable|delay)\w*[\w ,:-]{0,30}deliver|returned (?:e-?)?mail|return(?:ing"
    r"|ed) (?:message|mail) to sender"
    r"|failure notice|mail (?:system )?error|message (?:status|delayed)|could ?n[o']t be (?:sent|delivered)"
    r"|bounced? (?:mail|message)"
    r"|mail (?:failure|not delivered|could not)|mail rejected|rejected (?:mail|message)|warning: (?:could not"
    r"|message)|nondeliverable"
    r"|^(?:re: )?ndn|non remis|non recapitabil|non distribu|unzustellbar|nicht zustellbar|zustellung"
    r"|mailer-daemon|no se (?:ha )?pudo entregar"
    r"|não (?:foi )?entreg|niet (?:worden )?(?:af|be)gelever|не доставлен|недоставлен|olever|returned to sender"
    r"|mail deliver"
    r"|退信|系统退信|退件|投递失败|发送失败|投递状态|未能送达|无法(?:投递|送达|传递|寄送)|傳送失敗|寄送失敗"
    r"|無法(?:傳遞|投遞|寄送)|未傳遞|未送达|送信エラー|配信(?:不能|できません|失敗)"
    r"|メール.{0,10}(?:送信|配信).{0,10}(?:エラー|できません|失敗)|배달|반송",
    re.IGNORECASE,
)
# Reasons, most telling first: the word, whether the address itself is dead, and how servers put it
REASONS: tuple[tuple[str, bool, re.Pattern[str]], ...] = tuple(
    (reason, hard, re.compile(pattern, re.IGNORECASE))
    for reason, hard, pattern in (
        (
            "mailbox full",
            False,
            r"mailbox (?:is )?(?:full|exceed)|(?:over|exceed\w*|out of).{0,20}(?:quota|storage|disk)"
            r"|quota (?:exceed|full)|storage (?:limit|quota)|mailfolder is full"
            r"|insufficient (?:system )?storage|not enough (?:disk|storage) space|mailbox size|account is full"
            r"|full mailbox|邮箱(?:已满|空间不足)|容量(?:已满|不足)|\b[45]\.2\.2\b",
        ),
        (
            "message too large",
            False,
            r"message (?:is )?(?:too (?:large|big|long)|size exceed|exceeds? .{0,20}(?:size|length))"
            r"|exceeded (?:storage|message size)|size limit|(?:邮件|附件)(?:过大|太大)|\b5\.3\.4\b|too large",
        ),
        (
            "taken for spam",
            False,
            r"\bspam\b|spamhaus|spamcop|blacklist|black list|blocklist|block list|blocked using|\brbl\b|dnsbl"
            r"|content (?:rejected|filter)|垃圾邮件|黑名单|反垃圾|message (?:was )?(?:rejected|refused) (?:for"
            r"|due to) (?:policy|content)|virus",
        ),
        (
            "not allowed",
            False,
            r"relay(?:ing)? (?:access )?denied|relaying (?:not|prohibited)|unable to relay"
            r"|authentication (?:required|fail)|dmarc|\bspf\b|dkim|policy|\b5\.7\.\d+\b|access denied"
            r"|not authori[sz]ed|poor reputation|prohibited|拒绝|not permitted",
        ),
        (
            "no such host",
            True,
            r"host (?:or domain name )?(?:not found|unknown)|unknown (?:host|domain)|(?:domain"
            r"|host)(?: name)? (?:does not exist|not found|unknown|invalid)|no such (?:domain|host)"
            r"|couldn'?t find any host|no mx (?:record|or a)|unrouteable mail domain|illegal host"
            r"|name service error|null ?mx|does not accept mail"
            r"|域名(?:不存在|错误)|\b5\.1\.2\b|\b5\.4\.4\b|bad destination",
        ),
        (
            "no such address",
            True,
            r"(?:user|recipient|mailbox|account|address|addressee|alias|inbox)s?\b.{0,60}(?:unknown|not found"
            r"|(?:does|do)(?:n'?t| not) exist|no longer|invalid|not (?:exist|known|listed|valid|here|available"
            r"|recogni[sz]ed)|disabled|rejected|inactive|closed|unavailable|is not a)"
            r"|(?:unknown|invalid|no such|non-?existent|bad|undefined|unrouteable|undeliverable|not a valid"
            r"|unable to find) (?:\w+ )?(?:user|recipient|mailbox|account|address|person|alias|inbox|local)"
            r"|no (?:such )?(?:mailbox|user|account|recipient|person)"
            r"|(?:user|mailbox|recipient|account)\w* (?:unavailable|invalid)|not (?:our|a) (?:customer|local)"
            r"|doesn't have (?:an? )?account|unknown (?:or illegal )?(?:alias|user)|addressee unknown|has moved"
            r"|this user doesn|not listed in|destination (?:server )?(?:addresses )?(?:were )?unknown"
            r"|用户(?:不存在|名不存在|未找到)|收件人.{0,60}(?:不存在|未找到|无效|有误)|(?:邮箱|地址|帐号|账号"
            r"|帐户|账户|信箱|使用者)(?:地址)?(?:不存在|未找到|已停用"
            r"|已注销|无效|不正確)|找不到.{0,10}(?:收件|地址|邮箱|用户)|查無此|(?:宛先"
            r"|メールアドレス).{0,20}(?:存在|見つかりません)|\b5\.1\.(?:0|1|3|6"
            r"|10)\b|mailbox unavailable",
        ),
        (
            "not delivered in time",
            False,
            r"timed? ?out|expired|too old|retry (?:time|timeout)|delivery time|too many hops|hop count|loop"
            r"|could not (?:be )?connect|connection (?:refused|timed|dropped|lost)|delayed|temporar|try again"
            r"|will be retried|still trying|no response|network unreachable|\b4\.4\.\d\b|gr[ae]ylist|超时|暂时",
        ),
    )
)
# What a report says about itself; enough where a daemon sent it
REPORT = re.compile(
    r"(?:could|can) ?(?:not|n't|n’t) be (?:delivered|sent|reached)|(?:was|were|is|been) (?:not "
    r"|un)(?:able to be )?deliver|un(?:able|successful)[\w ]{0,20} (?:to )?deliver|undeliver"
    r"|deliver(?:y|ed)[\w ]{0,40}(?:fail|unsuccess|problem|not)|fail(?:ed|ure)?[\w ]{0,40}deliver"
    r"|not (?:been )?deliver|did not reach|could ?n[o']t (?:send|deliver)|(?:permanent|fatal|transient"
    r"|delivery) (?:fatal )?(?:error|fail)"
    r"|returned (?:mail|message|to (?:you|sender))|transcript of session|following (?:address|recipient|user"
    r"|error|destination)|bounced?\b|message (?:was )?(?:rejected|not accepted|blocked)|has been rejected"
    r"|mail system error"
    r"|\b[45]\d\d[ -][#(]?[45]\.\d{1,3}\.\d{1,3}|\b(?:550|551|552|553|554|511|571)[ -]|remote (?:server"
    r"|host) (?:said|returned)|diagnostic|退信|退回|未能送达|无法送达|无法投递|投递失败|发送失败"
    r"|無法(?:傳|投|送)|配信できません|エラー|送信できません"
    r"|non remis|non recapitabil|nicht zugestellt|no se ha podido",
    re.IGNORECASE,
)
DELAYED = re.compile(
    r"warning|delayed|will (?:be retried|keep trying|continue)|still (?:trying|being)|not yet been delivered"
    r"|do(?:es)? not need to (?:re-?send|do anything)|no action is required|延迟|稍后重试",
    re.IGNORECASE,
)
STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
REPLY_CODE = re.compile(r"(?<![\d.])([45])[0-7]\d[ -]")
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,200}[A-Za-z0-9]")
HOST = r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}+"
MARKED_ADDRESS = re.compile(
    rf"(?:^|[\s:：(\[])<([^<>\s@]{{1,64}}@[^<>\s]{{1,255}})>"
    rf"|^[ \t*>\"'-]*+([\w.!#$%&+/=?^{{|}}~-]{{1,64}}@{HOST})[\"']?[ \t]*(?:[:：;,.(]|$|[ \t])"
    rf"|\b(?:to|for|user|recipient|address|rcpt|addressee|found|an|à|para)\W{{1,6}}([\w.+=-]{{1,64}}@{HOST})"
    rf"|(?:收件人|收件者|地址|用户|发给|发往|发送给|投递到|送给|寄給|傳送給)\W{{0,6}}([A-Za-z0-9_.+=-]{{1,64}}@{HOST})",
    re.IGNORECASE | re.MULTILINE,
)
# Where the report ends and the returned mail begins
RETURNED = re.compile(
    r"-{2,}.{0,20}(?:original|returned|message|unsent|undelivered|header|copy|below this line).{0,60}-{0,}"
    r"|(?:original|returned) message (?:follows|headers?)|Received: from |Return-Path:|-{3,} ?原|原始?邮件"
    r"|the (?:header|original message|text) of the (?:original )?|original message:?$",
    re.IGNORECASE,
)
MESSAGE_ID = re.compile(r"^\W{0,6}(?:message[-_ ]?id|Id)\s*[:：]\s*(<[^<>\s]{3,990}>)", re.IGNORECASE | re.MULTILINE)
ORIGINAL_TYPES = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
    "message/global-headers",
)
MBOX_DAEMONS = (b"From MAILER-DAEMON", b"From <>", b"From mailer-daemon", b"From postmaster")
OF_ADDRESSES = {"mailbox full", "no such host", "no such address"}
NO_WORD = re.compile(r"[^\w.@<>+=!~-]+", re.ASCII)  # nested brackets send the standard library into a recursion
# Its detectors log each trace of what they trip over, and one line of brackets gives thousands of lines
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)
HARD_STATUS = {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"}


@dataclass(frozen=True, slots=True)
class Bounce:
    recipients: tuple[str, ...] = ()
    status: str = ""  # 5.1.1, or "" where the server told none
    permanent: bool = False  # the address itself is dead: not said of a full mailbox or a refused message
    original_message_id: str | None = None
    delayed: bool = False  # the server still tries
    reason: str = ""  # in words, see REASONS
    diagnostic: str = ""  # what the server said


@dataclass(frozen=True, slots=True)
class Complaint:
    """A customer pressed "this is spam" (RFC 5965): never write to them unasked again."""

    kind: str
    recipients: tuple[str, ...] = ()
    original_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What of the mail's head decides whether it is a report at all."""

    sender: str  # name and address
    subject: str
    return_path: bytes | None
    is_note: bool  # a holiday note is no report


def find_bounce(root: Part, envelope: Envelope, text: str, raw: bytes) -> Bounce | None:
    reports = [
        part for part in root.walk() if part.mime in ("message/delivery-status", "message/global-delivery-status")
    ]
    null = envelope.return_path in (b"<>", b"") or raw.startswith(MBOX_DAEMONS)
    top_level = root.mime == "multipart/report" or bool(reports and (null or _sent_by_daemon(envelope)))
    fields = [block for part in reports for block in _blocks(part)] if top_level else []
    original = _original(root)
    if fields and any(
        "final-recipient" in block or "original-recipient" in block or "action" in block for block in fields
    ):
        return _from_fields(fields, original, text)
    if not (null or _may_be_bounce(root, envelope)):
        return None
    report = _report(text)
    if envelope.is_note and not (original or root.header("x-failed-recipients")):
        return None
    named = [person.address for value in root.all("x-failed-recipients") for person in headers.people(value)]
    failed, delayed = ([], []) if named else _by_pattern(raw, envelope.sender)
    ours = {person.address.lower() for value in root.all("to")[:5] for person in headers.people(value)}
    recipients = named or failed or delayed or _others(_named_in(report), ours)
    daemon, about = _sent_by_daemon(envelope), bool(SUBJECT.search(envelope.subject))
    matched, reason = bool(named or failed or delayed), _reason(report)[0]
    told = bool(reason or REPORT.search(report))
    if daemon or null or original or named:
        is_report = bool(
            (matched and (daemon or about or null or original))
            or (daemon and (about or told))
            or (null and recipients and reason in OF_ADDRESSES)
            or (about and told and (original or recipients))
        )
    else:
        coded = reason in OF_ADDRESSES or STATUS.search(report) or REPLY_CODE.search(report)
        is_report = bool(about and recipients and (matched or coded)) and not _is_by_a_person(root, envelope)
    if not is_report:
        return None
    return _told(
        recipients, report, envelope.subject, original or _message_id(text), only_delayed=bool(delayed and not failed)
    )


def find_complaint(root: Part) -> Complaint | None:
    part = next((each for each in root.walk() if each.mime == "message/feedback-report"), None)
    if part is None or (root.mime != "multipart/report" and root.header("x-hmxmroriginalrecipient") == b""):
        return None
    fields = {name: value for block in _blocks(part) for name, value in block.items()}
    recipients = [person.address for person in headers.people(fields.get("original-rcpt-to", "").encode())]
    return Complaint(fields.get("feedback-type", "abuse").lower(), tuple(recipients), _original(root))


def _others(addresses: list[str], ours: set[str]) -> list[str]:
    """A report also names who sent the mail."""
    return [each for each in addresses if each.lower() not in ours] or addresses


def _is_by_a_person(root: Part, envelope: Envelope) -> bool:
    """People too ask about `failure notice`s: by a list, in an answer, or from an address that takes answers."""
    return bool(root.all("list-id", "list-post", "in-reply-to", "references", "mailing-list")) or (
        envelope.return_path is not None and not root.header("auto-submitted")
    )


def _sent_by_daemon(envelope: Envelope) -> bool:
    return bool(DAEMON.search(envelope.sender))


def _may_be_bounce(root: Part, envelope: Envelope) -> bool:
    return (
        _sent_by_daemon(envelope)
        or root.mime == "multipart/report"
        or bool(root.header("x-failed-recipients"))
        or bool(
            SUBJECT.search(envelope.subject)
            and not re.match(r"\s*(?:re|fwd?|aw|回复|答复|转发)\s*[:：]", envelope.subject, re.I)
        )
    )


def _blocks(part: Part) -> list[dict[str, str]]:
    """The groups of fields of a delivery-status part: the server first, then one for each recipient."""
    data = part.content()[: 4 * LARGEST]
    found = []
    for block in re.split(rb"\r?\n[ \t]*\r?\n", data)[: 2 * MOST_RECIPIENTS]:
        fields: dict[str, str] = {}
        for line in re.sub(rb"\r?\n[ \t]+", b" ", block).splitlines():
            name, colon, value = line.partition(b":")
            if colon and len(name) < 60:
                fields.setdefault(name.decode("latin-1").strip().lower(), decode(value.strip()[:4_000]))
        if fields:
            found.append(fields)
    return found


def _from_fields(blocks: list[dict[str, str]], original: str | None, text: str) -> Bounce | None:
    failed = [block for block in blocks if _action(block) in ("failed", "failure", "fail", "expired", "error")]
    delayed = [block for block in blocks if _action(block) in ("delayed", "delay", "deferred")]
    unsaid = [block for block in blocks if not _action(block) and _recipient(block)]
    concerned = failed or [block for block in unsaid if not block.get("status", "5").startswith("2")] or delayed
    if not concerned:
        return None
    recipients = _unique([_recipient(block) for block in concerned])
    diagnostic = next((_said(block["diagnostic-code"]) for block in concerned if block.get("diagnostic-code")), "")
    status = next((match[0] for block in concerned if (match := STATUS.search(block.get("status", "")))), "")
    told = STATUS.search(diagnostic)
    if told and (not status or status.endswith(".0.0")):
        status = told[0]
    report = _report(text)
    reason, hard = _reason(diagnostic)
    if not reason:
        reason, hard = _reason(report)
    only_delayed = not failed and bool(delayed)
    return Bounce(
        recipients=tuple(recipients or _named_in(report)),
        status=status,
        permanent=_is_permanent(status, reason, hard, only_delayed),
        original_message_id=original or _message_id(text),
        delayed=only_delayed,
        reason=reason or ("not delivered in time" if only_delayed else "refused"),
        diagnostic=diagnostic[:1_000],
    )


def _told(recipients: list[str], report: str, subject: str, original: str | None, only_delayed: bool) -> Bounce:
    found = [match[0] for match in STATUS.finditer(report[:LARGEST]) if match[1] != "2"]
    status = next((each for each in found if each in HARD_STATUS), found[0] if found else "")
    reason, hard = _reason(report)
    delayed = (
        only_delayed
        or bool(DELAYED.search(subject))
        or (reason == "not delivered in time" and bool(DELAYED.search(report[:2_000])))
    )
    line = next(
        (each.strip() for each in report.splitlines()[:400] if STATUS.search(each) or REPLY_CODE.search(each)), ""
    )
    return Bounce(
        recipients=tuple(recipients),
        status=status,
        permanent=_is_permanent(status, reason, hard, delayed),
        original_message_id=original,
        delayed=delayed,
        reason=reason or "refused",
        diagnostic=line[:1_000],
    )


def _is_permanent(status: str, reason: str, hard: bool, delayed: bool) -> bool:
    if delayed or status.startswith("4."):
        return False
    return hard or (status in HARD_STATUS and not reason)


def _action(block: dict[str, str]) -> str:
    return block.get("action", "").partition("(")[0].strip().lower().split(" ")[0]


def _recipient(block: dict[str, str]) -> str:
    """`rfc822; somebody@example.com`, the address that we wrote to before the one it was forwarded to."""
    given = block.get("original-recipient") or block.get("final-recipient") or block.get("x-actual-recipient", "")
    if "@" not in given:
        given = block.get("final-recipient", given)
    match = ADDRESS.search(_said(given))
    return match[0] if match else _said(given).strip("<> ")


def _said(value: str) -> str:
    return value.partition(";")[2].strip() if ";" in value[:30] else value.strip()


def _report(text: str) -> str:
    """The words of the report without the mail that it returns."""
    lines = text[:LARGEST].splitlines()[:MOST_LINES]
    for index, line in enumerate(lines):
        if index > 2 and len(line) < 300 and RETURNED.search(line):
            rest = "\n".join(lines[:index])
            if _reason(rest)[0] or REPORT.search(rest):
                return rest
    return "\n".join(lines[:400])


def _reason(report: str) -> tuple[str, bool]:
    for line in (
        *[each for each in report.splitlines()[:400] if STATUS.search(each[:1_000]) or REPLY_CODE.search(each[:1_000])][
            :20
        ],
        report[:8_000],
    ):
        for reason, hard, pattern in REASONS:
            if pattern.search(line[:8_000]):
                return reason, hard
    return "", False


def _named_in(report: str) -> list[str]:
    found = [next(filter(None, match.groups())) for match in MARKED_ADDRESS.finditer(report[:8_000])]
    return _unique([each.strip("'\".") for each in found if not DAEMON.search(each)])


def _unique(addresses: list[str]) -> list[str]:
    seen = {each.lower(): each for each in reversed(addresses) if each}
    return list(reversed(seen.values()))[:MOST_RECIPIENTS]


def _original(root: Part) -> str | None:
    """The Message-ID of the mail that the report returns."""
    for part in root.walk():
        if part is root or part.mime not in ORIGINAL_TYPES:
            continue
        inner = part.children[0].header("message-id") if part.children else b""
        if not inner and (match := MESSAGE_ID.search(decode(part.content()[:LARGEST]))):
            inner = match[1].encode()
        if inner and (found := headers.identifier(inner)):
            return found
    return None


def _message_id(text: str) -> str | None:
    match = MESSAGE_ID.search(text[:LARGEST])
    return headers.identifier(match[1].encode("utf-8", "replace")) if match else None


def _by_pattern(raw: bytes, sender: str) -> tuple[list[str], list[str]]:
    """What Mailman's patterns find: addresses that failed, and addresses that the server still tries."""
    if raw[:LARGEST].lower().count(b"boundary=") > MOST_BOUNDARIES:
        return [], []
    start = raw[:LARGEST].split(b"\n", MOST_LINES)[:MOST_LINES]
    message = email.message_from_bytes(b"\n".join(line[:2_000] for line in start))
    del message["From"]
    message["From"] = NO_WORD.sub(" ", sender) if any(each.isalnum() for each in sender) else "unknown@invalid"
    for part in message.walk():
        for name in ("from", "subject", "content-type"):
            if part[name] is not None and not isinstance(part[name], str):  # its detectors expect str
                value = str(part[name])
                del part[name]
                part[name] = value
    try:
        temporary, permanent = all_failures(message)
    except (AttributeError, IndexError, KeyError, LookupError, TypeError, UnicodeError, ValueError) as error:
        logging.getLogger(__name__).info("a bounce pattern failed: %s", type(error).__name__)
        return [], []
    return _readable(permanent), _readable(temporary)


def _readable(addresses: frozenset[bytes]) -> list[str]:
    found = [each.decode("ascii", "replace") if isinstance(each, bytes) else str(each) for each in addresses]
    return _unique(sorted(each.strip("<>") for each in found if ADDRESS.fullmatch(each.strip("<>"))))
