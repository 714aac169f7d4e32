"""Real mail servers on loopback: Dovecot and Postfix where they can run, pymap and aiosmtpd anywhere."""

from __future__ import annotations

import imaplib
import os
import shutil
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pwd import getpwnam

import pytest

from tests.places import free_port, temporary_data

USER, COLLEAGUE = "support@example.test", "agent@example.test"
GHOST = "ghost@example.test"  # Postfix believes in it, Dovecot does not
PASSWORD = "secret-of-the-mailbox"
SETTLES = 15.0  # seconds for a server to come up

DOVECOT = """\
base_dir = {run}
state_dir = {run}
log_path = {here}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{here}/cert.pem
ssl_key = <{here}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{here}/mail/%u
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
recipient_delimiter = +
default_vsz_limit = 256M
passdb {{
  driver = passwd-file
  args = {here}/users
}}
userdb {{
  driver = passwd-file
  args = {here}/users
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""

POSTFIX = """\
compatibility_level = 3.6
queue_directory = {here}/spool
data_directory = {here}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = example.test
virtual_mailbox_maps = texthash:{here}/boxes
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:5.7.1 nothing leaves the tests
relay_transport = error:5.7.1 nothing leaves the tests
recipient_delimiter = +
alias_maps =
alias_database =
maillog_file = {here}/mail.log
maillog_file_prefixes = {here}
smtpd_relay_restrictions = permit_mynetworks, reject
mynetworks = 127.0.0.0/8
message_size_limit = 26214400
"""

POSTFIX_SERVICES = """\
127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class ImapServer:
    port: int
    username: str
    password: str
    tls_port: int = 0
    lmtp_port: int = 0
    certificate: str = ""
    mails: Path = Path()  # where it keeps those of `username`, if in files

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.login(self.username, self.password)
        return client

    def append(self, *mails: bytes, folder: str = "INBOX", date: str = "") -> None:
        client = self.client()
        for mail in mails:
            kind, said = client.append(folder, "", date or imaplib.Time2Internaldate(time.time()), mail)
            assert kind == "OK", said
        client.logout()


@contextmanager
def running(command: list[str], is_up: Callable[[], bool]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(is_up, command[0])
        yield
    finally:
        process.terminate()
        process.wait(SETTLES)


def wait_for(is_up: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SETTLES
    while not is_up():
        assert time.monotonic() < deadline, f"{what} does not come up"
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def need(*programs: str) -> None:
    missing = [program for program in programs if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")]
    if os.geteuid() != 0 or missing:
        reason = f"needs root and {', '.join(programs)}"
        if os.environ.get("YIZHAN_REQUIRE_MAIL"):
            pytest.fail(reason)
        pytest.skip(reason)


@contextmanager
def dovecot() -> Iterator[ImapServer]:
    need("dovecot", "openssl")
    with temporary_data() as here:
        for name in ("run", "mail"):
            (here / name).mkdir()
        shutil.chown(here / "mail", "mail", "mail")
        _certificate(here)
        account = getpwnam("mail")
        entries = [
            f"{user}:{{PLAIN}}{PASSWORD}:{account.pw_uid}:{account.pw_gid}::{here}/mail/{user}::\n"
            for user in (USER, COLLEAGUE)
        ]
        (here / "users").write_text("".join(entries))
        (here / "users").chmod(0o644)
        ports = {"imap": free_port(), "imaps": free_port(), "lmtp": free_port()}
        (here / "dovecot.conf").write_text(DOVECOT.format(here=here, run=here / "run", **ports))
        server = ImapServer(
            ports["imap"],
            USER,
            PASSWORD,
            tls_port=ports["imaps"],
            lmtp_port=ports["lmtp"],
            certificate=str(here / "cert.pem"),
            mails=here / "mail" / USER,
        )
        with running(["/usr/sbin/dovecot", "-F", "-c", str(here / "dovecot.conf")], lambda: listens(server.port)):
            yield server


@contextmanager
def postfix(lmtp_port: int) -> Iterator[int]:
    """In front of a Dovecot, for example.test; returns its port."""
    need("postfix")
    with temporary_data() as here:
        for name in ("etc", "spool", "data"):
            (here / name).mkdir()
        shutil.chown(here / "data", "postfix")
        port = free_port()
        daemons = next(path for path in ("/usr/lib/postfix/sbin", "/usr/libexec/postfix") if Path(path).is_dir())
        (here / "etc/main.cf").write_text(POSTFIX.format(here=here, lmtp=lmtp_port, daemons=daemons))
        (here / "etc/master.cf").write_text(POSTFIX_SERVICES.format(smtp=port))
        (here / "boxes").write_text("".join(f"{user} x\n" for user in (USER, COLLEAGUE, GHOST)))
        command = ["/usr/sbin/postfix", "-c", str(here / "etc")]
        subprocess.run([*command, "start"], check=True, capture_output=True)
        try:
            wait_for(lambda: listens(port), "postfix")
            yield port
        finally:
            subprocess.run([*command, "stop"], check=True, capture_output=True)


@contextmanager
def pymap() -> Iterator[ImapServer]:
    """In memory, and without root."""
    port = free_port()
    program = str(Path(sys.executable).with_name("pymap"))
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-service", "admin"]
    account = ["dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]
    with running([program, *options, *account], lambda: listens(port)):
        yield ImapServer(port, USER, PASSWORD)


def _certificate(here: Path) -> None:
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = ["-keyout", f"{here}/key.pem", "-out", f"{here}/cert.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-addext", names, *made], check=True, capture_output=True)


def post(port: int, raw: bytes, sender: str, *recipients: str) -> None:
    """As another mail server would."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail(sender, recipients, raw)
