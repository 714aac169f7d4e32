"""What a domain's DNS says about its mail: where it goes, and who may send in its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.exception
import dns.resolver

from channels.contract import Finding
from channels.email.providers import Provider

Lookup = Callable[[str, str], list[str]]  # a name and a type of record: the texts, none where there are none

USUAL_KEYS = ("default", "mail", "dkim", "s1", "s2", "k1", "key1", "google", "selector1", "selector2")
TIMEOUT = 5.0


class NoAnswer(Exception):
    """DNS itself did not answer."""


def examine(domain: str, provider: Provider | None, lookup: Lookup) -> Iterator[Finding]:
    try:
        yield _mx(lookup(domain, "MX"), domain)
        yield _spf(lookup(domain, "TXT"), domain, provider)
        keys = provider.dkim if provider and provider.dkim else USUAL_KEYS
        yield _dkim(any(lookup(f"{key}._domainkey.{domain}", "TXT") for key in keys), domain, keys)
        yield _dmarc(lookup(f"_dmarc.{domain}", "TXT"), domain)
    except NoAnswer:
        yield Finding(f"DNS answers about {domain}", False, "Check this server's DNS; the other checks need it.")


def ask(name: str, kind: str) -> list[str]:
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=TIMEOUT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException:
        raise NoAnswer from None
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [str(record) for record in answer]


def _mx(records: list[str], domain: str) -> Finding:
    advice = f"Set an MX record for {domain}: without one its mail, and customers' answers, go nowhere."
    return Finding(f"{domain} has a mail server (MX)", bool(records), "" if records else advice)


def _spf(records: list[str], domain: str, provider: Provider | None) -> Finding:
    found = [record for record in records if record.lower().startswith("v=spf1")]
    include = f"include:{provider.spf}" if provider else "mx"  # the servers that receive usually send as well
    what = f"{domain} says who may send for it (SPF)"
    if not found:
        return Finding(what, False, f'Add the TXT record "v=spf1 {include} ~all" to {domain}.')
    if len(found) > 1:
        return Finding(what, False, f"{domain} has {len(found)} SPF records, which counts as none: join them to one.")
    if "+all" in found[0].lower().split():
        return Finding(what, False, f'"+all" lets everybody send as {domain}: end the record with "~all".')
    if provider and include not in found[0].lower():
        return Finding(what, False, f"Add {include} to the SPF record, since {provider.name} sends for you.")
    return Finding(what, True)


def _dkim(is_found: bool, domain: str, keys: tuple[str, ...]) -> Finding:
    advice = (
        f"No key was found as {', '.join(keys)} under _domainkey.{domain}. If your provider signs with another name, "
        "all is well; if not, switch DKIM on there and add the record it shows."
    )
    return Finding(f"mail of {domain} is signed (DKIM)", is_found, "" if is_found else advice)


def _dmarc(records: list[str], domain: str) -> Finding:
    is_found = any(record.lower().startswith("v=dmarc1") for record in records)
    advice = f'Add the TXT record "v=DMARC1; p=none" to _dmarc.{domain}: large providers ask for it.'
    return Finding(f"{domain} has a policy for forged mail (DMARC)", is_found, "" if is_found else advice)
