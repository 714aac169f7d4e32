"""What Aliyun's codes mean: the class that decides what happens next, and words for agents and ops.

From its pages "API 错误码" and "公共错误码", and "状态报告错误码" for what carriers say afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Literal, NamedTuple

from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Uncertain, Unreachable

SHANGHAI = timezone(timedelta(hours=8))
# Aliyun's words for which of its limits on one number is used up; they only say how long to wait
LIMITS = {"天级": "day", "小时级": "hour"}


def _jitter() -> timedelta:
    return timedelta(seconds=random.uniform(0, 15))


def _a_second(_: str) -> timedelta:
    return timedelta(seconds=1) + _jitter() / 5


def _until_midnight_in_shanghai(_: str = "") -> timedelta:
    now = datetime.now(SHANGHAI)
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - now + _jitter()


def _until_the_limit_is_over(message: str) -> timedelta:
    match next((span for words, span in LIMITS.items() if words in message), "minute"):
        case "day":
            return _until_midnight_in_shanghai()
        case "hour":
            return timedelta(hours=1) + _jitter()
    return timedelta(minutes=1) + _jitter()


class Meaning(NamedTuple):
    error: type[SendError]
    words: str
    after: Callable[[str], timedelta] | None = None


ERRORS: dict[str, Meaning] = {
    # our credentials and permissions
    "InvalidAccessKeyId": Meaning(Misconfigured, "Aliyun does not know the access key, or it is switched off"),
    "MissingAccessKeyId": Meaning(Misconfigured, "the access key is missing"),
    "SignatureDoesNotMatch": Meaning(Misconfigured, "the secret of the access key is wrong"),
    "IncompleteSignature": Meaning(Misconfigured, "the secret of the access key is wrong"),
    "InvalidTimeStamp": Meaning(Misconfigured, "this server's clock is wrong by more than 15 minutes"),
    "Forbidden": Meaning(Misconfigured, "the access key may not do this"),
    "NoPermission": Meaning(Misconfigured, "the access key may not do this"),
    "isp.RAM_PERMISSION_DENY": Meaning(Misconfigured, "the access key may not do this"),
    "isv.RAM_CHECK_FAILED": Meaning(Misconfigured, "the access key may not do this"),
    "isv.DENY_IP_RANGE": Meaning(Misconfigured, "Aliyun does not take calls from where this server is"),
    "InvalidVersion": Meaning(Misconfigured, "there is no such API at settings.api_base"),
    "InvalidAction": Meaning(Misconfigured, "there is no such API at settings.api_base"),
    # the account
    "isv.AMOUNT_NOT_ENOUGH": Meaning(Misconfigured, "the account has no money left"),
    "isv.OUT_OF_SERVICE": Meaning(Misconfigured, "the account is suspended, usually for want of money"),
    "isv.PRODUCT_UN_SUBSCRIPT": Meaning(Misconfigured, "SMS is not switched on in the account"),
    "isv.PRODUCT_UNSUBSCRIBE": Meaning(Misconfigured, "SMS is not switched on in the account"),
    "isv.ACCOUNT_NOT_EXISTS": Meaning(Misconfigured, "the account does not exist"),
    "isv.ACCOUNT_ABNORMAL": Meaning(Misconfigured, "Aliyun says that something is wrong with the account"),
    "isv.SECURITY_FROZEN_ACCOUNT": Meaning(Misconfigured, "Aliyun froze the account"),
    "isv.MONTH_LIMIT_CONTROL": Meaning(Misconfigured, "this month's number of messages is used up"),
    # the signature 【】
    "isv.SMS_SIGNATURE_ILLEGAL": Meaning(Misconfigured, "the sign_name is not approved in this account"),
    "isv.SMS_SIGN_ILLEGAL": Meaning(Misconfigured, "Aliyun banned the sign_name"),
    "isv.SIGN_NAME_ILLEGAL": Meaning(Misconfigured, "the sign_name is not approved in this account"),
    "isv.SIGN_STATE_ILLEGAL": Meaning(Misconfigured, "the sign_name cannot be used any more"),
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": Meaning(Misconfigured, "Aliyun's test signature goes with its test template"),
    # the customer
    "isv.BLACK_KEY_CONTROL_LIMIT": Meaning(Gone, "the customer unsubscribed or complained: Aliyun blocks the number"),
    "isv.CUSTOMER_REFUSED": Meaning(Gone, "the customer unsubscribed"),
    "isv.MOBILE_NUMBER_ILLEGAL": Meaning(Refused, "this is no mobile number of mainland China"),
    "isv.SMS_TEST_NUMBER_LIMIT": Meaning(Refused, "the test signature only reaches numbers bound to the account"),
    # how much and how often
    "isv.BUSINESS_LIMIT_CONTROL": Meaning(Throttled, "too many messages to this number", _until_the_limit_is_over),
    "isv.DAY_LIMIT_CONTROL": Meaning(Throttled, "today's number of messages is used up", _until_midnight_in_shanghai),
    "Throttling": Meaning(Throttled, "too many calls in a second", _a_second),
    # the message
    "isv.SMS_TEMPLATE_ILLEGAL": Meaning(Refused, "the template is not approved in this account"),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": Meaning(Refused, "the sign_name may not go with this type of template"),
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": Meaning(Refused, "a template for notices may not carry advertising"),
    "isv.TEMPLATE_MISSING_PARAMETERS": Meaning(Refused, "a field of the template is missing"),
    "isv.TEMPLATE_PARAMS_ILLEGAL": Meaning(Refused, "a field does not fit the type that the template gives it"),
    "isv.INVALID_JSON_PARAM": Meaning(Refused, "Aliyun could not read the fields"),
    "isv.INVALID_PARAMETERS": Meaning(Refused, "Aliyun could not read the message"),
    "isv.PARAM_LENGTH_LIMIT": Meaning(Refused, "a field is too long: mostly 35 characters are allowed"),
    "isv.PARAM_NOT_SUPPORT_URL": Meaning(Refused, "fields may not carry links"),
    "isv.SMS_CONTENT_ILLEGAL": Meaning(Refused, "Aliyun's content check refused the message"),
    "isv.UNSUPPORTED_CONTENT": Meaning(Refused, "emoji, traditional and rare characters cannot be sent"),
    # Aliyun itself
    "isp.SYSTEM_ERROR": Meaning(Unreachable, "Aliyun is busy"),
    "ServiceUnavailable": Meaning(Unreachable, "Aliyun is busy"),
    "isp.GATEWAY_ERROR": Meaning(Uncertain, "Aliyun's way to the carrier failed: it may have been sent"),
    "isp.UNKNOWN": Meaning(Uncertain, "Aliyun failed: it may have been sent"),
    "InternalError": Meaning(Uncertain, "Aliyun failed: it may have been sent"),
}
UNKNOWN = Meaning(Refused, "Aliyun refused with a code we do not know")


def failure(code: str, message: str) -> SendError:
    """Aliyun's code in our words. Of its own text nothing is kept: it quotes signed requests, and with them numbers.

    The codes of its gateway go by what stands before the dot, as in "InvalidAccessKeyId.NotFound".
    """
    meaning = ERRORS.get(code) or ERRORS.get(code.partition(".")[0], UNKNOWN)
    return meaning.error(meaning.words, code=code, after=meaning.after and meaning.after(message))


UNDELIVERED = {
    "IS_CLOSE": "the way to the carrier is closed",
    "PARAMS_ILLEGAL": "the signature, the text or the number is wrong",
    "MOBILE_NOT_ON_SERVICE": "the phone is off, out of reach or suspended, or nobody has the number",
    "MOBILE_SEND_LIMIT": "too many messages to this number",
    "MOBILE_ACCOUNT_ABNORMAL": "the carrier suspended the number, or it moved to another one",
    "MOBILE_IN_BLACK": "the customer unsubscribed, or the carrier blocks the number",
    "MOBLLE_TERMINAL_ERROR": "the phone could not take it: its memory or SIM card is full",  # Aliyun's spelling
    "MOBILE_TERMINAL_ERROR": "the phone could not take it: its memory or SIM card is full",
    "CONTENT_KEYWORD": "the carrier refused a word in it",
    "CONTENT_ERROR": "advertising must say how to unsubscribe",
    "INVALID_NUMBER": "the number is wrong, or out of service",
    "SIGNATURE_BLACKLIST": "the carrier blocks the sign_name",
    "REQUEST_SUCCESS": "the carrier never said what became of it",
    "SP_NOT_BY_INTER_SMS": "the customer takes no messages from abroad",
    "SP_UNKNOWN_ERROR": "the carrier gave no reason",
    "USER_REJECT": "the customer unsubscribed",
    "NO_ROUTE": "Aliyun has no way to send such a message",
}
# what a report says about the person beside the message
LEFT: dict[str, Literal["blocked", "opted_out"]] = {"MOBILE_IN_BLACK": "blocked", "USER_REJECT": "opted_out"}


def undelivered(code: str) -> str:
    return f"{code}: {UNDELIVERED.get(code, 'it was not delivered')}" if code else "it was not delivered"
