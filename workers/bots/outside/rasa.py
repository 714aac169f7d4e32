"""Asks a bot made with Rasa, by its REST channel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote_plus

from pydantic import TypeAdapter

from channels.settings import Secret
from hub.knowledge import Texts, language_of
from workers.bots.contract import Answer, EngineSettings, HandOver, Pass, Say, Turn
from workers.bots.outside.asking_others import MOST_CHOICES, AskingOthers, AskingSettings, Readable, Told, readable

CHOOSE = Texts(zh="请选择：", en="Please choose:")
PICTURE = re.compile(r"https?://\S{1,1000}")
LONGEST_TITLE, LONGEST_PAYLOAD = 100, 500


class Button(Told):
    title: Readable
    payload: str = ""


class Message(Told):
    text: Readable | None = None
    image: str | None = None
    buttons: list[Button] | None = None
    custom: dict[str, Any] | list[Any] | str | None = None


MESSAGES = TypeAdapter(list[Message])


class RasaSettings(AskingSettings):
    """`url` is the address of the server; `secret` a JWT, or what the proxy before it wants as a bearer token."""

    token: Secret | None = None  # of `rasa run --auth-token`
    hand_over_on: list[str] = ["handover", "hand_over"]  # keys of a custom payload that are true


class Rasa(AskingOthers):
    Settings: ClassVar[type[EngineSettings]] = RasaSettings
    settings: RasaSettings

    def ask(self, turn: Turn) -> Answer:
        if not turn.text.strip():
            return Pass(why="no_text")
        said: Mapping[str, str] = turn.notes.get("payloads", {})
        question = {"sender": f"yizhan-{turn.conversation}", "message": said.get(turn.text) or readable(turn.text)}
        token = self.settings.token
        query = f"?token={quote_plus(token.get_secret_value())}" if token else ""
        messages = self._service.ask(question, MESSAGES, within=self._within, path=f"/webhooks/rest/webhook{query}")
        return self._answer(messages or [], turn)

    def _answer(self, messages: Sequence[Message], turn: Turn) -> Answer:
        text = readable("\n".join(line for message in messages for line in _lines(message)))
        if any(self._hands_over(message) for message in messages):
            return HandOver(reason="bot_asked", text=text)
        buttons = [button for message in messages for button in message.buttons or () if button.title]
        payloads = {each.title[:LONGEST_TITLE]: each.payload[:LONGEST_PAYLOAD].replace("\0", "") for each in buttons}
        choices = tuple(payloads)[:MOST_CHOICES]
        if not (text or choices):
            return Pass(why="no_answer")
        notes = {"payloads": {title: payloads[title] for title in choices}} if choices else None
        return Say(text=text or CHOOSE.in_(language_of(turn.text, turn.language)), choices=choices, notes=notes)

    def _hands_over(self, message: Message) -> bool:
        custom = message.custom
        return isinstance(custom, dict) and any(custom.get(name) is True for name in self.settings.hand_over_on)


def _lines(message: Message) -> list[str]:
    picture = message.image if message.image and PICTURE.fullmatch(message.image) else ""
    return [line for line in (message.text, picture) if line]
