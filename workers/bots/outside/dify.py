"""Asks an app of Dify, a chatbot or a chatflow."""

from __future__ import annotations

import re
from time import monotonic
from typing import Annotated, ClassVar

from pydantic import StringConstraints, TypeAdapter, ValidationError

from channels.settings import Secret
from hub.knowledge import Words, normalise
from workers.bots.contract import Answer, EngineSettings, Failed, Pass, Say, Turn
from workers.bots.outside.asking_others import AskingOthers, AskingSettings, Readable, Told, readable
from workers.bots.outside.wire import Rejected

THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)  # of models that think aloud


class Message(Told):
    answer: Readable
    conversation_id: Annotated[str, StringConstraints(max_length=100, pattern=r"^[\w-]*$")] = ""


class Problem(Told):
    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


MESSAGE, PROBLEM = TypeAdapter(Message), TypeAdapter(Problem)


class DifySettings(AskingSettings):
    """`url` as Dify's page "API Access" shows it, with /v1."""

    secret: Secret  # the app's API key
    unknown: list[Words] = []  # what the app says when it does not know: the next engine is asked


class Dify(AskingOthers):
    Settings: ClassVar[type[EngineSettings]] = DifySettings
    settings: DifySettings

    def ask(self, turn: Turn) -> Answer:
        if not turn.text.strip():
            return Pass(why="no_text")
        until = monotonic() + self._within
        before = str(turn.notes.get("conversation", ""))
        try:
            try:
                message = self._message(turn, before, until)
            except Rejected as rejected:
                if not (before and rejected.status == 404):
                    raise
                message = self._message(turn, "", until)  # somebody deleted the conversation there
        except Rejected as rejected:
            raise Failed(_code(rejected)) from None
        return self._answer(message)

    def _message(self, turn: Turn, conversation: str, until: float) -> Message | None:
        question = {
            "inputs": {},
            "query": readable(turn.text),
            "response_mode": "blocking",
            "user": f"yizhan-{turn.conversation}",
            "conversation_id": conversation,
        }
        left = max(until - monotonic(), 0.0)
        return self._service.ask(question, MESSAGE, within=left, path="/chat-messages")

    def _answer(self, message: Message | None) -> Answer:
        text = readable(THOUGHT.sub("", message.answer)) if message else ""
        if message is None or not text:
            return Pass(why="no_answer")
        said = normalise(text)
        if any(normalise(phrase) in said for phrase in self.settings.unknown):
            return Pass(why="unknown")
        return Say(text=text, notes={"conversation": message.conversation_id} if message.conversation_id else None)


def _code(rejected: Rejected) -> str:
    """Dify's own word for it."""
    try:
        return PROBLEM.validate_json(rejected.body).code
    except (ValidationError, ValueError, RecursionError):
        return rejected.why
