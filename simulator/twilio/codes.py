"""Twilio's error codes with its words. https://www.twilio.com/docs/api/errors"""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[int, str] = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20005: "Account not active",
    20009: "Cannot delete or change this resource before it is complete",
    20404: "The requested resource was not found",
    20409: "Conflict",
    20429: "Too Many Requests",
    21204: "Call already initiated",
    21210: "Source phone number not verified",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid 'From' Number",
    21266: "'To' and 'From' numbers cannot be the same",
    21408: "Permission to send an SMS or MMS has not been enabled for the region indicated by the 'To' number",
    21502: "Invalid URL",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination",
    21609: "The StatusCallback URL is not a valid URL",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' and/or 'From' parameters",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s)",
    21621: "The 'From' number has not been enabled for picture messaging",
    21623: "Number of media files exceeds allowed limit",
    21701: "The Messaging Service does not exist",
    21703: "The Messaging Service does not have any phone numbers available",
    35111: "SendAt timestamp is missing or no date",
    35118: "MessagingServiceSid is required to schedule a message",
}
STATUSES: Mapping[int, int] = {
    20003: 401,
    20005: 403,
    20009: 409,
    20404: 404,
    20409: 409,
    20429: 429,
}
