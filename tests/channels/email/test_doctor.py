"""Each thing that is wrong with a mailbox is told with what to do about it."""

from __future__ import annotations

import pytest

from channels.contract import Finding, Paste
from channels.email import domain
from channels.email.channel import Email
from channels.email.domain import NoAnswer
from channels.email.providers import by_domain
from channels.http import Http
from tests.channels.cases import DictCache
from tests.channels.email.conftest import Settings
from tests.channels.email.servers import ImapServer
from tests.channels.email.sinks import sink

HOOK = "https://hub.test/hooks/post"


def findings(channel: Email) -> list[tuple[str, bool]]:
    return [(finding.what, finding.ok) for finding in channel.diagnose(HOOK)]


def test_servers_that_are_not_there(written: Settings) -> None:
    channel = Email("post", written(1, 1), http=Http(), cache=DictCache())
    assert findings(channel) == [
        ("127.0.0.1 lets us read the mail of support@example.test: no connection to 127.0.0.1:1", False),
        ("127.0.0.1 lets us send: no connection to 127.0.0.1", False),
    ]
    assert all("firewall" in finding.advice for finding in channel.diagnose(HOOK))


def test_a_password_that_only_one_server_takes(written: Settings, imap: ImapServer) -> None:
    with sink(password="another") as server:
        channel = Email("post", written(imap.port, server.port), http=Http(), cache=DictCache())
        told = list(channel.diagnose(HOOK))
    assert [finding.ok for finding in told] == [True, True, True, False]
    assert told[-1].advice == "Check settings.username and settings.password."


def test_a_folder_that_is_not_there(written: Settings, imap: ImapServer) -> None:
    with sink() as server:
        settings = written(imap.port, server.port, folder="Kunden")
        told = list(Email("post", settings, http=Http(), cache=DictCache()).diagnose(HOOK))
    assert [finding.ok for finding in told] == [True, False, True]
    assert "there is no folder 'Kunden'" in told[1].what


def test_what_a_mail_server_needs_to_post_to_us(written: Settings) -> None:
    channel = Email("post", written(hook_secret="env:TEST_HOOK_SECRET"), http=Http(), cache=DictCache())
    assert channel.console(HOOK)[0] == Paste("your mail server's pipe (only if it posts mail to us)", "URL", HOOK)
    assert "hook-secret-7f3a" not in str(channel.console(HOOK))
    assert Email("post", written(), http=Http(), cache=DictCache()).console(HOOK) == []


GOOD = {
    ("shop.test", "MX"): ["10 mx.shop.test."],
    ("shop.test", "TXT"): ["google-site=1", "v=spf1 include:_spf.google.com ~all"],
    ("google._domainkey.shop.test", "TXT"): ["v=DKIM1; p=abc"],
    ("_dmarc.shop.test", "TXT"): ["v=DMARC1; p=none"],
}


def dns(records: dict[tuple[str, str], list[str]]) -> list[Finding]:
    return list(domain.examine("shop.test", by_domain("gmail.com"), lambda name, kind: records.get((name, kind), [])))


def test_a_domain_that_is_well_set_up() -> None:
    assert [finding.ok for finding in dns(GOOD)] == [True] * 4


@pytest.mark.parametrize(
    ("name", "records", "advice"),
    [
        (("shop.test", "MX"), [], "Set an MX record"),
        (("shop.test", "TXT"), [], "v=spf1 include:_spf.google.com ~all"),
        (("shop.test", "TXT"), ["v=spf1 -all", "v=spf1 ~all"], "join them to one"),
        (("shop.test", "TXT"), ["v=spf1 include:_spf.google.com +all"], "lets everybody send"),
        (("shop.test", "TXT"), ["v=spf1 include:spf.163.com ~all"], "Add include:_spf.google.com"),
        (("google._domainkey.shop.test", "TXT"), [], "switch DKIM on"),
        (("_dmarc.shop.test", "TXT"), [], "v=DMARC1; p=none"),
    ],
    ids=str,
)
def test_a_record_that_is_missing_or_wrong(name: tuple[str, str], records: list[str], advice: str) -> None:
    [wrong] = [finding for finding in dns({**GOOD, name: records}) if not finding.ok]
    assert advice in wrong.advice


def test_dns_that_does_not_answer() -> None:
    def silent(name: str, kind: str) -> list[str]:
        raise NoAnswer

    [told] = domain.examine("shop.test", None, silent)
    assert (told.ok, told.advice) == (False, "Check this server's DNS; the other checks need it.")
