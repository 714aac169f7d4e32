"""What Twilio's error codes mean where a call is placed or steered. Messages have their own, in errors.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from channels.errors import Misconfigured, Refused, SendError, Throttled
from channels.twilio.errors import ERRORS, Meaning

NOT_IN_PROGRESS, MISSING = "21220", "20404"
A_MOMENT = timedelta(seconds=10)  # a phone that rings much later only disturbs
NOT_ACTIVE = Meaning(Misconfigured, "the Twilio account is not active")
NOT_OURS = Meaning(Misconfigured, "the number we call from is not ours")
TOO_MANY = Meaning(Throttled, "too many calls at once", A_MOMENT)
NO_NUMBER = Meaning(Refused, "this is no valid phone number")
NO_COUNTRY = Meaning(Refused, "Twilio may not call this country: see Voice Geo Permissions in its console")
NOT_FOR_US = Meaning(Refused, "Twilio does not call this number for us")

CALL_ERRORS: Mapping[str, Meaning] = {
    # our account, our number
    "20003": ERRORS[20003],
    "20005": NOT_ACTIVE,
    "10001": NOT_ACTIVE,
    "10005": Meaning(Misconfigured, "calls are switched off for this Twilio account"),
    "21205": Meaning(Misconfigured, "Twilio cannot call our address: see public_url"),
    "21210": NOT_OURS,
    "21212": NOT_OURS,
    "21213": Meaning(Misconfigured, "there is no number to call from"),
    # how many at once
    "20429": TOO_MANY,
    "10004": TOO_MANY,
    # whom we call
    "21201": Meaning(Refused, "there is no number to call"),
    "21202": Meaning(Refused, "Twilio does not call premium numbers"),
    "21203": NO_COUNTRY,
    "21211": NO_NUMBER,
    "21214": Meaning(Refused, "this number cannot be reached"),
    "21215": NO_COUNTRY,
    "21216": NOT_FOR_US,
    "21217": NO_NUMBER,
    "21219": Meaning(Refused, "a trial account calls only numbers that were verified in Twilio's console"),
    "13223": NO_NUMBER,
    "13224": Meaning(Refused, "Twilio cannot call this number"),
    "13225": NOT_FOR_US,
    "13226": NO_NUMBER,
    "13227": NO_COUNTRY,
    # of a call that was going on
    NOT_IN_PROGRESS: Meaning(Refused, "this leg of the call has ended, or nobody has answered it"),
    MISSING: Meaning(Refused, "Twilio does not have what we ask for, or no longer"),
}


def explained(error: SendError) -> SendError:
    """A refusal of Twilio's in these words."""
    meaning = CALL_ERRORS.get(error.code)
    return meaning.error(meaning.words, code=error.code, after=error.after or meaning.after) if meaning else error
