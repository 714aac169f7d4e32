"""What a server may answer to a text: nothing to say, or TwiML with messages for the sender.

https://www.twilio.com/docs/messaging/twiml
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from simulator.twilio.callbacks import Answer

RETRIEVAL_FAILED, NOT_XML, NOT_TWIML, BAD_TYPE = 11200, 12100, 12200, 12300
TYPES = frozenset({"text/xml", "application/xml"})


@dataclass(frozen=True, slots=True)
class Reply:
    body: str
    media_urls: tuple[str, ...] = ()


class Unusable(Exception):
    """Why an answer is none, by Twilio's code."""

    def __init__(self, code: int, why: str):
        super().__init__(why)
        self.code, self.why = code, why


def read(answer: Answer) -> list[Reply]:
    if not answer.ok:
        raise Unusable(RETRIEVAL_FAILED, answer.failure or f"HTTP {answer.status}")
    if not answer.body.strip():
        return []
    mime = answer.content_type.partition(";")[0].strip().lower()
    if mime == "text/plain":
        return [Reply(answer.body.decode(errors="replace"))]
    if mime not in TYPES:
        raise Unusable(BAD_TYPE, f"Content-Type {mime[:40]!r}")
    try:
        root = fromstring(answer.body)
    except (ParseError, DefusedXmlException, ValueError):
        raise Unusable(NOT_XML, "not XML") from None
    if root.tag != "Response" or any(verb.tag != "Message" for verb in root):
        raise Unusable(NOT_TWIML, "a Response of Messages is all that is known here")
    return [_reply(verb) for verb in root]


def _reply(verb: Element) -> Reply:
    parts = [(verb.text or "").strip(), *(part.text or "" for part in verb if part.tag == "Body")]
    return Reply("".join(parts), tuple((part.text or "").strip() for part in verb if part.tag == "Media"))
