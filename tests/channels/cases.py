"""Table-driven checks of one adapter: a case says what goes in and what must come out."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any
from uuid import UUID

import pytest
import responses

from channels.contract import Address, DeliveryResult, Event, OutboundMessage, WebhookChannel, WebhookRequest
from channels.errors import SendError
from channels.http import Http
from channels.registry import channel_class
from tests.channels.accounts import ACCESS_TOKEN, ACCOUNTS, SECRETS


class DictCache:
    """channels.contract.Cache in one process; nothing expires."""

    def __init__(self, **values: str):
        self.values = values
        self._guard, self._locked = Lock(), set[str]()

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def set(self, key: str, value: str, ttl: timedelta) -> None:
        self.values[key] = value

    def delete(self, key: str) -> None:
        self.values.pop(key, None)

    @contextmanager
    def lock(self, key: str, ttl: timedelta) -> Iterator[bool]:
        with self._guard:
            granted = key not in self._locked
            self._locked.add(key)
        try:
            yield granted
        finally:
            if granted:
                self._locked.discard(key)


def make_channel(
    kind: str, trace: Callable[[str], None] = lambda line: None, cache: Any = None, **changes: Any
) -> WebhookChannel | Any:
    cls = channel_class(kind)
    settings = cls.Settings.model_validate({**ACCOUNTS[kind], **changes})
    return cls("under-test", settings, http=Http(settings.secrets(), trace), cache=cache or DictCache())


@dataclass
class Receives:
    label: str
    request: WebhookRequest
    events: list[Event] = field(default_factory=list)
    reply: str | None = None
    raises: type[Exception] | None = None
    reason: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Sends:
    label: str
    message: dict[str, Any]
    answers: list[responses.BaseResponse]
    posts: Any = None  # the JSON of the last call
    raises: type[SendError] | None = None
    reason: str = ""  # part of what agents read
    code: str = ""
    after: tuple[float, float] | None = None  # seconds, from and to
    calls: int | None = None
    result: DeliveryResult = field(default_factory=DeliveryResult)
    settings: dict[str, Any] = field(default_factory=dict)


def table(*cases: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.label)


def check_receives(kind: str, case: Receives) -> None:
    channel = make_channel(kind, **case.settings)
    if case.raises:
        with pytest.raises(case.raises) as failure:  # noqa: PT012 - either of the two may refuse it
            channel.verify(case.request)
            channel.parse(case.request)
        assert failure.type is case.raises
        assert str(failure.value) == case.reason
        assert_silent(failure.value, [case.request.body.decode(errors="replace")])
        return
    channel.verify(case.request)
    assert channel.parse(case.request) == case.events
    if case.reply is not None:
        assert channel.acknowledge(case.request).body == case.reply


def check_sends(kind: str, case: Sends, to: Address) -> None:
    traces: list[str] = []
    channel = make_channel(kind, traces.append, **case.settings)
    message = OutboundMessage(id=UUID(int=1), to=to, **case.message)
    with provider(*case.answers) as calls:
        if case.raises:
            with pytest.raises(SendError) as failure:
                channel.send(message)
            assert failure.type is case.raises  # not a subclass: the class decides what happens next
            assert case.reason in failure.value.reason
            assert failure.value.code == case.code
            assert_after(failure.value, case.after)
            assert_silent(failure.value, [message.text])
        else:
            assert channel.send(message) == case.result
        if case.posts is not None:
            assert json.loads(calls[-1].request.body) == case.posts
            assert b"\\u" not in calls[-1].request.body
        if case.calls is not None:
            assert len(calls) == case.calls
    assert_no_secret("\n".join(traces), [message.text])


@contextmanager
def provider(*answers: responses.BaseResponse) -> Iterator[Any]:
    """The provider's host: a call to anywhere else fails, and so does an answer nobody asked for."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        for answer in answers:
            mock.add(answer)
        yield mock.calls
        assert sum(answer.call_count for answer in answers) == len(mock.calls)


def assert_after(error: SendError, span: tuple[float, float] | None) -> None:
    if span is None:
        assert error.after is None
    else:
        assert error.after is not None
        assert span[0] <= error.after.total_seconds() <= span[1]


def assert_silent(error: BaseException, contents: list[str]) -> None:
    """Neither the exception nor anything it is chained to tells a secret or what the customer wrote."""
    seen = "".join(traceback.format_exception(error, chain=True))
    link: BaseException | None = error
    while link:
        seen += f"{link} {link!r} {link.args!r}"
        link = link.__cause__ or link.__context__
    assert_no_secret(seen, contents)


def assert_no_secret(text: str, contents: list[str]) -> None:
    for secret in [*SECRETS.values(), ACCESS_TOKEN, *filter(None, contents)]:
        assert secret not in text
