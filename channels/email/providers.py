"""The mail providers we know: where their servers are, and what each does its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Security = Literal["tls", "starttls", "plain"]

AUTHORIZATION_CODE = (
    "The password is the authorization code (授权码), not the one of the web mail: in the web mail open {page}, "
    "switch IMAP/SMTP on, make a code there and put it where settings.password points."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    name: str
    imap_host: str
    smtp_host: str
    smtp_port: int = 465
    smtp_security: Security = "tls"
    domains: frozenset[str] = frozenset()
    keeps_sent: bool = False  # what goes out by SMTP is put into the Sent folder
    plus_address: bool = False  # name+anything@ arrives at name@
    spf: str  # what a domain's SPF record has to include
    dkim: tuple[str, ...] = ()  # the names of its keys
    log_in: str  # how to get the password right


def _netease(domain: str) -> Provider:
    return Provider(
        name=domain,
        domains=frozenset({domain}),
        imap_host=f"imap.{domain}",
        smtp_host=f"smtp.{domain}",
        spf="spf.163.com",
        log_in=AUTHORIZATION_CODE.format(page="设置 › POP3/SMTP/IMAP"),
    )


PROVIDERS = (
    _netease("163.com"),
    _netease("126.com"),
    _netease("yeah.net"),
    Provider(
        name="QQ",
        domains=frozenset({"qq.com", "vip.qq.com", "foxmail.com"}),
        imap_host="imap.qq.com",
        smtp_host="smtp.qq.com",
        spf="spf.mail.qq.com",
        log_in=AUTHORIZATION_CODE.format(page="设置 › 账号 › POP3/IMAP/SMTP 服务"),
    ),
    Provider(
        name="exmail",
        domains=frozenset({"exmail.qq.com"}),
        imap_host="imap.exmail.qq.com",
        smtp_host="smtp.exmail.qq.com",
        spf="spf.mail.qq.com",
        log_in="In the web mail open 设置 › 客户端 and switch IMAP/SMTP on; where secure log-in (安全登录) is on, "
        "make a client password (客户端专用密码) and put it where settings.password points.",
    ),
    Provider(
        name="Gmail",
        domains=frozenset({"gmail.com", "googlemail.com"}),
        imap_host="imap.gmail.com",
        smtp_host="smtp.gmail.com",
        keeps_sent=True,
        plus_address=True,
        spf="_spf.google.com",
        dkim=("google",),
        log_in="Google takes no ordinary password: use [settings.oauth], or switch 2-step verification on and make "
        "an app password.",
    ),
    Provider(
        name="Outlook",
        domains=frozenset({"outlook.com", "hotmail.com", "live.com", "msn.com"}),
        imap_host="outlook.office365.com",
        smtp_host="smtp.office365.com",
        smtp_port=587,
        smtp_security="starttls",
        keeps_sent=True,
        plus_address=True,
        spf="spf.protection.outlook.com",
        dkim=("selector1", "selector2"),
        log_in="Microsoft takes no password: use [settings.oauth], and have the administrator allow IMAP and SMTP AUTH "
        "for this mailbox.",
    ),
)
OF_OAUTH = {"google": "Gmail", "microsoft": "Outlook"}


def by_domain(domain: str) -> Provider | None:
    return next((each for each in PROVIDERS if domain in each.domains), None)


def by_host(imap_host: str) -> Provider | None:
    return next((each for each in PROVIDERS if imap_host == each.imap_host), None)


def by_oauth(name: str) -> Provider | None:
    return next((each for each in PROVIDERS if each.name == OF_OAUTH.get(name)), None)
