"""What WeChat's error codes mean: the class that decides what happens next, and words for agents and ops."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Unreachable, WindowClosed

SHANGHAI = timezone(timedelta(hours=8))


def _a_minute() -> timedelta:
    return timedelta(seconds=60 + random.uniform(0, 15))


def _until_midnight_in_shanghai() -> timedelta:
    now = datetime.now(SHANGHAI)
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - now


class Meaning(NamedTuple):
    error: type[SendError]
    words: str
    after: Callable[[], timedelta] | None = None


USED_UP = 45047
ERRORS: dict[int, Meaning] = {
    -1: Meaning(Unreachable, "WeChat is busy"),
    # our credentials and permissions
    40001: Meaning(Misconfigured, "WeChat does not accept our access token, or the AppSecret is wrong"),
    40014: Meaning(Misconfigured, "WeChat does not accept our access token"),
    42001: Meaning(Misconfigured, "WeChat says that our new access token has expired"),
    40002: Meaning(Misconfigured, "WeChat does not accept this way of asking for a token"),
    40013: Meaning(Misconfigured, "the app_id is wrong"),
    40125: Meaning(Misconfigured, "the AppSecret is wrong"),
    40243: Meaning(Misconfigured, "the AppSecret is frozen: unfreeze it in WeChat's console"),
    41001: Meaning(Misconfigured, "the access token is missing"),
    41002: Meaning(Misconfigured, "the app_id is missing"),
    41004: Meaning(Misconfigured, "the AppSecret is missing"),
    40164: Meaning(Misconfigured, "this server's IP address is not on the account's whitelist"),
    61004: Meaning(Misconfigured, "this server's IP address is not on the account's whitelist"),
    89501: Meaning(Misconfigured, "this server's IP address awaits an administrator's confirmation"),
    89503: Meaning(Misconfigured, "this server's IP address awaits an administrator's confirmation"),
    89506: Meaning(Misconfigured, "an administrator refused this server's IP address"),
    89507: Meaning(Misconfigured, "an administrator refused this server's IP address"),
    48001: Meaning(Misconfigured, "the account may not use this interface"),
    48004: Meaning(Misconfigured, "WeChat banned the account from this interface"),
    48006: Meaning(Misconfigured, "this month's resets of the daily quota are used up"),
    50002: Meaning(Misconfigured, "WeChat limited the account for breaking its rules"),
    # the customer
    40003: Meaning(Gone, "WeChat does not know this customer in this account"),
    43004: Meaning(Gone, "the customer does not follow the account"),
    50005: Meaning(Gone, "the customer does not follow the account"),
    43019: Meaning(Gone, "the customer is on the account's blacklist"),
    48002: Meaning(Gone, "the customer switched off messages of this account"),
    45015: Meaning(WindowClosed, "the customer must write first: the time to answer is over"),
    USED_UP: Meaning(WindowClosed, "the customer must write first: the allowed number of answers is used up"),
    43101: Meaning(WindowClosed, "the customer has not agreed to this notification"),
    # how much and how often
    45009: Meaning(Throttled, "the daily quota of calls is used up", _until_midnight_in_shanghai),
    45011: Meaning(Throttled, "too many calls in a minute", _a_minute),
    # the message
    45002: Meaning(Refused, "the text is too long"),
    45003: Meaning(Refused, "the title is too long"),
    45004: Meaning(Refused, "the description is too long"),
    45005: Meaning(Refused, "the link is too long"),
    45006: Meaning(Refused, "the picture's link is too long"),
    45008: Meaning(Refused, "too many articles"),
    44002: Meaning(Refused, "the message is empty"),
    44004: Meaning(Refused, "the text is empty"),
    40033: Meaning(Refused, "the message has characters that WeChat does not take"),
    47001: Meaning(Refused, "WeChat could not read the message"),
    40008: Meaning(Refused, "the account cannot send this kind of message"),
    45162: Meaning(Refused, "the account cannot send this kind of message"),
    40200: Meaning(Refused, "this kind of account cannot do that"),
    65400: Meaning(Refused, "WeChat's own customer service is not switched on in this account"),
    65401: Meaning(Refused, "the account has no customer-service account of this name (kf_account)"),
    47003: Meaning(Refused, "a field of the template is wrong"),
    40037: Meaning(Refused, "the template does not exist"),
    41030: Meaning(Refused, "the page does not exist in the mini program"),
    87014: Meaning(Refused, "WeChat's content check refused the message"),
    70000: Meaning(Refused, "WeChat refused the message to protect a minor"),
    # the file
    40004: Meaning(Refused, "WeChat does not take this type of file"),
    40005: Meaning(Refused, "WeChat does not take this type of file"),
    40006: Meaning(Refused, "the size of the file is wrong"),
    40007: Meaning(Refused, "WeChat does not have this file, or no longer"),
    40009: Meaning(Refused, "the picture is too large"),
    41006: Meaning(Refused, "the file is missing"),
    44001: Meaning(Refused, "the file is empty"),
    45001: Meaning(Refused, "the file is too large"),
    45007: Meaning(Refused, "the recording is too long"),
    # typing
    45072: Meaning(Refused, "WeChat does not know this typing command"),
    45080: Meaning(Refused, "the customer did nothing in the last 30 seconds"),
    45081: Meaning(Refused, "the customer already sees that we are typing"),
}
UNKNOWN = Meaning(Refused, "WeChat refused with a code we do not know")
DETAILS = re.compile(r"\bip [0-9a-fA-F.:]+|\brid: ?[0-9a-fA-F-]+")


def failure(code: int, message: object) -> SendError:
    """WeChat's code in our words. Of its own text only our IP and the request id are kept: the rest may quote us."""
    meaning = ERRORS.get(code, UNKNOWN)
    details = DETAILS.findall(str(message))
    reason = f"{meaning.words} ({', '.join(details)})" if details else meaning.words
    error = meaning.error(reason, code=str(code), after=meaning.after and meaning.after())
    if isinstance(error, WindowClosed):
        error.used_up = code == USED_UP
    return error
