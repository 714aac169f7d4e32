"""What the shop knows, as ops write it in the files of config/."""

from hub.knowledge.catalogue import Item
from hub.knowledge.conditions import When
from hub.knowledge.entries import Answer, Article, Entry, FaqFile, Format
from hub.knowledge.flows import Call, Collect, Flow, FlowFile, Option, Step
from hub.knowledge.library import Knowledge
from hub.knowledge.suites import Case, Exchange, Script, Suite
from hub.knowledge.wording import Language, Texts, Words, language_of, normalise

__all__ = [
    "Answer",
    "Article",
    "Call",
    "Case",
    "Collect",
    "Entry",
    "Exchange",
    "FaqFile",
    "Flow",
    "FlowFile",
    "Format",
    "Item",
    "Knowledge",
    "Language",
    "Option",
    "Script",
    "Step",
    "Suite",
    "Texts",
    "When",
    "Words",
    "language_of",
    "normalise",
]
