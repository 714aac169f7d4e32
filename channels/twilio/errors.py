"""What Twilio's error codes mean: the class that decides what happens next, and words for agents and ops.

https://www.twilio.com/docs/api/errors. The same codes come in answers to our calls and in callbacks about messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from channels.errors import Gone, Misconfigured, OptedOut, Refused, SendError, Throttled


class Meaning(NamedTuple):
    error: type[SendError]
    words: str
    after: timedelta | None = None


NOT_FOUND = 20404
A_WHILE = timedelta(minutes=5)
ERRORS: dict[int, Meaning] = {
    # our credentials, our number
    20003: Meaning(Misconfigured, "Twilio does not accept our credentials"),
    20005: Meaning(Misconfigured, "the Twilio account is not active"),
    NOT_FOUND: Meaning(Misconfigured, "Twilio does not know what we ask for, or it belongs to another account"),
    21212: Meaning(Misconfigured, "the number we send from is wrong"),
    21603: Meaning(Misconfigured, "there is no number to send from"),
    21606: Meaning(Misconfigured, "the number we send from is not ours, or carries no text messages"),
    21607: Meaning(Misconfigured, "the number we send from is not ours, or carries no text messages"),
    21701: Meaning(Misconfigured, "the messaging service does not exist"),
    21703: Meaning(Misconfigured, "the messaging service has no number"),
    21704: Meaning(Misconfigured, "the messaging service has no number to send this from"),
    21705: Meaning(Misconfigured, "the messaging service is not valid"),
    30002: Meaning(Misconfigured, "Twilio suspended the account"),
    # the customer
    21211: Meaning(Gone, "this is no valid phone number"),
    21217: Meaning(Gone, "this is no valid phone number"),
    21614: Meaning(Gone, "this number takes no text messages"),
    21610: Meaning(OptedOut, "the customer unsubscribed: only they can undo it, by writing START"),
    30004: Meaning(Gone, "the customer's phone or carrier blocks our messages"),
    30005: Meaning(Gone, "the carrier does not know this number, or it is no longer in use"),
    30006: Meaning(Gone, "a landline, or a carrier that cannot be reached"),
    # how much and how often
    20429: Meaning(Throttled, "too many calls at once"),
    21611: Meaning(Throttled, "too many messages wait at our number", A_WHILE),
    30001: Meaning(Throttled, "too many messages wait at our number", A_WHILE),
    30017: Meaning(Throttled, "the carrier is congested", A_WHILE),
    30022: Meaning(Throttled, "the carrier wants fewer messages of us", A_WHILE),
    63018: Meaning(Throttled, "too many messages on this channel", A_WHILE),
    # where to
    21408: Meaning(Refused, "Twilio may not send to this country: see Geo Permissions in its console"),
    21612: Meaning(Refused, "our number cannot reach the customer's: try another channel"),
    # the message
    21602: Meaning(Refused, "the message is empty"),
    21617: Meaning(Refused, "the text is too long"),
    11751: Meaning(Refused, "the files are too large: send a link instead"),
    12300: Meaning(Refused, "Twilio does not take this type of file: send a link instead"),
    21620: Meaning(Refused, "Twilio cannot fetch the file: send a link instead"),
    21621: Meaning(Refused, "our number cannot send files: send a link instead"),
    21622: Meaning(Refused, "our number cannot send files: send a link instead"),
    21623: Meaning(Refused, "too many files: send a link instead"),
    # on the way
    30003: Meaning(Refused, "the phone cannot be reached: it is off, or has no signal"),
    30007: Meaning(Refused, "the carrier took it for spam"),
    30008: Meaning(Refused, "it was not delivered, and the carrier does not say why"),
    30034: Meaning(Refused, "our number is not registered for messages to the United States (A2P 10DLC)"),
    30036: Meaning(Refused, "it could not be delivered in time"),
    30410: Meaning(Refused, "the carrier did not answer: it may have arrived, so ask before sending it again"),
    30450: Meaning(Refused, "Twilio took it for fraud (SMS pumping)"),
}
# what failed on its way for these reasons may arrive later: it is tried once more
LATER = {
    **dict.fromkeys((30001, 30017, 30022, 63018), A_WHILE),
    **dict.fromkeys((30003, 30008), timedelta(minutes=10)),
}
# what a failure says about the person beside the message
LEFT: Mapping[int | None, Literal["opted_out", "left"]] = {21610: "opted_out", 30005: "left", 30006: "left"}
UNKNOWN = Meaning(Refused, "Twilio refused with a code we do not know")
UNTOLD = "Twilio could not deliver it, and does not say why"


def failure(code: int) -> SendError:
    """Twilio's own text is left out: it quotes numbers and words of customers."""
    meaning = ERRORS.get(code, UNKNOWN)
    return meaning.error(meaning.words, code=str(code), after=meaning.after)


def explained(error: SendError) -> SendError:
    """A refusal of Twilio's in these words."""
    code = int(error.code) if error.code.isdecimal() else 0
    return failure(code) if isinstance(error, Refused | Throttled) and code in ERRORS else error


def why(code: int | None) -> str:
    """Of a message that Twilio took, and could not deliver."""
    return UNTOLD if code is None else f"{ERRORS.get(code, UNKNOWN).words} ({code})"
