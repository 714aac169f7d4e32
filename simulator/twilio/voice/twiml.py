"""Reads TwiML, strictly: what Twilio would stumble over raises, with the code that stands in its debugger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from simulator.twilio.voice.schema import MOST_RUNG, MOST_SAID, SHAPES, VERBS, Shape

RETRIEVAL_FAILED, TOO_MANY = 11200, 11215
NO_DOCUMENT, NOT_IN_SCHEMA, NO_CONTENT_TYPE = 12100, 12200, 12300
TEXT_TOO_LONG, MODEL_NEEDS_TIMEOUT = 13520, 13335
CONTENT_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


class Broken(Exception):
    """The call cannot go on with this document."""

    def __init__(self, code: int, why: str, url: str = ""):
        super().__init__(why)
        self.code, self.why, self.url = code, why, url


@dataclass(frozen=True, slots=True)
class Verb:
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Verb, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def number(self, name: str, default: int) -> int:
        return int(self.attributes.get(name, default))

    def flag(self, name: str, default: bool = False) -> bool:
        return self.attributes[name] == "true" if name in self.attributes else default

    def words(self, name: str, default: str) -> frozenset[str]:
        return frozenset(self.get(name, default).split())


def read(document: bytes | str, content_type: str = "text/xml") -> tuple[Verb, ...]:
    """The verbs of a document; raises Broken."""
    if content_type.partition(";")[0].strip().lower() not in CONTENT_TYPES:
        raise Broken(NO_CONTENT_TYPE, f"content type {content_type or 'missing'}")
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Broken(NO_DOCUMENT, f"no XML: {error}") from None
    if root.tag != "Response":
        raise Broken(NO_DOCUMENT, f"the document is a {root.tag}, not a Response")
    if root.attrib or (root.text or "").strip() or any((child.tail or "").strip() for child in root):
        raise Broken(NOT_IN_SCHEMA, "Response has only verbs in it")
    return tuple(_verb(child, VERBS, "Response") for child in root)


def _verb(element: Element, allowed: frozenset[str], parent: str) -> Verb:
    name = element.tag
    if name not in allowed:
        raise Broken(NOT_IN_SCHEMA, f"{parent} has no {name} in it")
    shape = SHAPES[name]
    for attribute, value in element.attrib.items():
        form = shape.attributes.get(attribute)
        if form is None:
            raise Broken(NOT_IN_SCHEMA, f"{name} has no attribute {attribute}")
        if not form.fullmatch(value):
            raise Broken(NOT_IN_SCHEMA, f'{name} {attribute}="{value}"')
    verb = Verb(name, dict(element.attrib), *_content(element, shape))
    _check(verb)
    return verb


def _content(element: Element, shape: Shape) -> tuple[str, tuple[Verb, ...]]:
    if element.tag == "Say":  # what marks up the speech is not heard
        return " ".join("".join(element.itertext()).split()), ()
    text = (element.text or "").strip()
    children = tuple(_verb(child, shape.children, element.tag) for child in element)
    if any((child.tail or "").strip() for child in element) or (text and (children or shape.text is None)):
        raise Broken(NOT_IN_SCHEMA, f"{element.tag} has text in it")
    if shape.text and not children and not shape.text.fullmatch(text):
        raise Broken(NOT_IN_SCHEMA, f"{element.tag} is not about {text or 'nothing'}")
    return text, children


def _check(verb: Verb) -> None:
    """Rules about more than one thing."""
    if verb.name == "Say" and not 0 < len(verb.text) <= MOST_SAID:
        raise Broken(TEXT_TOO_LONG, f"Say of {len(verb.text)} characters")
    if verb.name == "Gather" and verb.get("speechModel") and not verb.get("speechTimeout", "auto").isdigit():
        raise Broken(MODEL_NEEDS_TIMEOUT, "Gather with a speechModel needs a speechTimeout in seconds")
    if verb.name == "Dial":
        kinds = {child.name for child in verb.children}
        if (kinds & {"Queue", "Conference"} and len(verb.children) > 1) or len(verb.children) > MOST_RUNG:
            raise Broken(NOT_IN_SCHEMA, "Dial rings ten phones at most, or goes to one queue or conference")
