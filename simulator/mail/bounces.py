"""A mail that comes back: the report by RFC 3464 that a mail server writes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from email.utils import formatdate

from simulator.mail.headers import head_of


@dataclass(frozen=True)
class Failure:
    status: str  # as RFC 3463 numbers it
    answer: str  # of the server that did not take the mail


def report(host: str, sender: str, recipient: str, raw: bytes, failure: Failure) -> bytes:
    """To `sender`, about their mail `raw` to `recipient`, with the headers it had."""
    boundary = f"{secrets.token_hex(5).upper()}.{secrets.randbelow(10**10)}/{host}"
    now = formatdate(localtime=True)
    head = head_of(raw).decode("latin-1").replace("\r\n", "\n").rstrip("\n")
    lines = f"""\
Date: {now}
From: MAILER-DAEMON@{host} (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {sender}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="{boundary}"
Message-ID: <{secrets.token_hex(8)}@{host}>

This is a MIME-encapsulated message.

--{boundary}
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {host}.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<{recipient}>: host mx.{recipient.rpartition("@")[2]}[192.0.2.25] said: {failure.answer} (in reply to
    RCPT TO command)

--{boundary}
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; {host}
Arrival-Date: {now}

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: failed
Status: {failure.status}
Remote-MTA: dns; mx.{recipient.rpartition("@")[2]}
Diagnostic-Code: smtp; {failure.answer}

--{boundary}
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{head}

--{boundary}--
"""
    return lines.replace("\n", "\r\n").encode("latin-1", "replace")
