"""The second factor: six digits that change every half minute (RFC 6238), and recovery codes for a lost phone."""

from __future__ import annotations

import re
from hmac import compare_digest
from secrets import choice

from pyotp import TOTP, random_base32
from sqlalchemy import select

from hub import current, vault
from hub.db import db, now
from hub.models import Agent
from hub.models.agents import digest
from hub.refusals import Invalid, Refusal
from hub.services import audit

STEP = 30  # seconds
EARLIER_OR_LATER = 1  # steps that a clock may be off
RECOVERY_CODES = 10
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that look alike
CODE_LENGTH = 16  # some 79 bits: a hash of them cannot be guessed back
PENDING = 300  # seconds to find the phone
ISSUER = "Yizhan"


def pending(agent: Agent) -> str:
    """Proof that the password was right, for the moment until the code comes."""
    return vault.seal("code", agent=agent.id)


def whose(pending: str) -> Agent:
    told = vault.opened("code", pending, PENDING)
    agent = db.session.get(Agent, told["agent"]) if told else None
    if agent is None or agent.disabled_at:
        raise Refusal("login_expired", "That took too long. Start again with your password.", 401)
    return agent


def offer(agent: Agent) -> tuple[str, str, str]:
    """A new secret, its address for the phone, and what brings both back to `enrol`."""
    secret = random_base32()
    address = TOTP(secret).provisioning_uri(name=agent.email, issuer_name=ISSUER)
    return secret, address, vault.seal("enrolment", agent=agent.id, secret=secret)


def enrol(agent: Agent, offered: str, code: str) -> list[str]:
    """Recovery codes, seen this once. The code shows that the phone has the secret."""
    told = vault.opened("enrolment", offered, 2 * PENDING)
    if told is None or told["agent"] != agent.id:
        raise Refusal("login_expired", "That took too long. Start again.", 401)
    step = _step(told["secret"], code, after=0)
    if step is None:
        raise Invalid("code", "is not the one that the phone shows now")
    agent.totp_secret, agent.totp_step = vault.seal("totp", secret=told["secret"]), step
    audit.record(agent, "enrol_totp", agent)
    return renew_recovery_codes(agent)


def renew_recovery_codes(agent: Agent) -> list[str]:
    codes = ["".join(choice(LETTERS) for _ in range(CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    agent.recovery_codes = [digest(code) for code in codes]
    return ["-".join(re.findall("....", code)) for code in codes]


def accepts(agent: Agent, code: str) -> bool:
    """Each code once, also when it comes twice at the same moment."""
    db.session.execute(select(Agent.id).where(Agent.id == agent.id).with_for_update())
    db.session.refresh(agent)
    if not agent.totp_secret:
        return False
    plain = re.sub(r"[\s-]", "", code).lower()
    if plain.isdecimal() and len(plain) == 6:
        sealed = vault.opened("totp", agent.totp_secret)
        step = _step(sealed["secret"], plain, agent.totp_step) if sealed else None
        if step is not None:
            agent.totp_step = step
        return step is not None
    return _recovers(agent, plain)


def turn_off(agent: Agent) -> None:
    if current.settings().hub.login.requires_totp(agent.role):
        raise Refusal("totp_needed", "Everybody with your role signs in with a code here.", 409)
    clear(agent, by=agent)


def clear(agent: Agent, by: Agent | None) -> None:
    agent.totp_secret, agent.recovery_codes = None, []
    audit.record(by, "reset_totp", agent)


def _recovers(agent: Agent, code: str) -> bool:
    left = [kept for kept in agent.recovery_codes if not compare_digest(kept, digest(code))]
    used = len(left) < len(agent.recovery_codes)
    if used:
        agent.recovery_codes = left
        audit.record(agent, "use_recovery_code", agent, left=len(left))
    return used


def _step(secret: str, code: str, after: int) -> int | None:
    """The step whose code this is; those up to `after` are used up."""
    at = int(now().timestamp()) // STEP
    for step in range(at - EARLIER_OR_LATER, at + EARLIER_OR_LATER + 1):
        if step > after and compare_digest(TOTP(secret).generate_otp(step), code.strip().replace(" ", "")):
            return step
    return None
