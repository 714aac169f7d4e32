"""What customers may mean, of all that the shop knows: one matcher for entries, flows and articles."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from hub.knowledge import Knowledge, Language, language_of
from workers.bots.contract import Candidate
from workers.bots.outside.encoders import EncoderSettings, encoder_of
from workers.bots.outside.encoding import Encoding

READ_AT_MOST = 500  # characters: what is longer tells a story, and people read stories
SHOWN = 5  # candidates kept as evidence


class Understanding:
    """Of one version of the knowledge. Made once a process, of a matcher that all processes share through a file."""

    def __init__(self, knowledge: Knowledge, encoder: EncoderSettings | None = None, folder: Path | None = None):
        self._knowledge = knowledge  # held, so that nothing else gets its id
        from workers.bots.matching import trained  # scipy takes 50 MB: not in processes that only check the files

        folder = folder or Path(os.environ.get("YIZHAN_DATA", "data")) / "matchers"
        examples = list(knowledge.examples)
        self._encoding = Encoding(encoder_of(encoder), folder, encoder.timeout) if encoder and examples else None
        vectors = self._encoding.examples([text for text, _ in examples]) if self._encoding else None
        self._matcher = trained(examples, folder, knowledge.synonyms, vectors) if examples else None

    def meanings(self, text: str, on: date, language: str = "", *, encode: bool = True) -> list[Candidate]:
        """Best first, each with the question that stands for it. What is not valid on that day is left out.

        `encode`: an encoder, where there is one, may be asked as well; it has its own short time.
        """
        if self._matcher is None or not text.strip():
            return []
        spoken, asked = language_of(text, language), text[:READ_AT_MOST]
        vector = self._encoding.question(asked) if self._encoding and encode else None
        found = self._matcher.predict(asked, vector)
        return [
            Candidate(meaning, self.put(meaning, spoken), round(score, 3))
            for meaning, score in found[: 2 * SHOWN]
            if self._is_valid(meaning, on)
        ][:SHOWN]

    def put(self, meaning: str, language: Language) -> str:
        """The question that stands for this meaning."""
        kind, _, name = meaning.partition(":")
        if kind == "flow":
            return self._knowledge.flow[name].title.in_(language)
        if kind == "article":
            return self._knowledge.article[name].title
        return self._knowledge.entry[meaning].asked_in(language)

    def _is_valid(self, meaning: str, on: date) -> bool:
        kind, _, name = meaning.partition(":")
        if kind == "flow":
            return True
        return (self._knowledge.article[name] if kind == "article" else self._knowledge.entry[meaning]).is_valid(on)


_made: dict[int, Understanding] = {}


def understanding_of(knowledge: Knowledge, encoder: EncoderSettings | None = None) -> Understanding:
    """All engines of one version share it, with the encoder of the first. The one before is let go."""
    if _made.get(id(knowledge)) is None:
        _made.clear()
        _made[id(knowledge)] = Understanding(knowledge, encoder)
    return _made[id(knowledge)]
