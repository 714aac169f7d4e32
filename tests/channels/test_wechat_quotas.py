"""When WeChat has had enough of one call, nobody makes it again until it may be made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from responses import Response

from channels.contract import Attachment, File
from channels.errors import Throttled
from tests.channels.cases import DictCache, make_channel, provider
from tests.channels.wechat import API, OK, PNG, Played, call, outbound, paths, refused, sent, uploaded

WECHAT = Played("wechat_official")
ANNA, token = WECHAT.anna, WECHAT.token
HELLO = outbound(ANNA, text="您好")
PICTURE = outbound(ANNA, file=File("a.png", "image/png", PNG))


class CountingCache(DictCache):
    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def get(self, key: str) -> str | None:
        self.read.append(key)
        return super().get(key)


def throttled(channel: Any, message: Any = HELLO) -> Throttled:
    with pytest.raises(Throttled) as failure:
        channel.send(message)
    return failure.value


def seconds_to_midnight_in_shanghai() -> float:
    now = datetime.now(UTC) + timedelta(hours=8)
    return (timedelta(days=1) - (now - now.replace(hour=0, minute=0, second=0, microsecond=0))).total_seconds()


@pytest.mark.parametrize(("code", "shortest", "longest"), [(45011, 59, 75), (45009, None, None)])
def test_a_refused_call_is_not_made_again_until_it_may_be(code, shortest, longest):
    channel = make_channel(WECHAT.kind)
    with provider(token(), refused(code)):
        first, second = throttled(channel), throttled(channel)
    assert (first.code, first.reason) == (second.code, second.reason) == (str(code), first.reason)
    midnight = seconds_to_midnight_in_shanghai()
    for error in (first, second):
        assert error.after is not None
        seconds = error.after.total_seconds()
        assert (shortest or midnight - 1) <= seconds <= (longest or midnight + 1)


def test_all_processes_hear_of_it():
    cache = DictCache()
    with provider(token(), refused(45009)):
        first = throttled(make_channel(WECHAT.kind, cache=cache))
        second = throttled(make_channel(WECHAT.kind, cache=cache))
    assert (first.code, first.reason) == (second.code, second.reason)


def test_other_calls_of_the_account_go_on():
    channel = make_channel(WECHAT.kind)
    with provider(token(), refused(45009), call("message/custom/typing", json=OK), call("user/info", json={})):
        throttled(channel)
        channel.typing(ANNA)
        channel.profile(ANNA)


def test_when_uploads_are_paused_texts_go_on():
    channel = make_channel(WECHAT.kind)
    with provider(token(), refused(45009, "media/upload"), sent()) as calls:
        throttled(channel, PICTURE)
        throttled(channel, PICTURE)
        channel.send(HELLO)
        assert paths(calls) == ["stable_token", "upload", "send"]


def test_other_accounts_go_on():
    cache = DictCache()
    other = Played("wechat_miniprogram")
    with provider(token(), refused(45009), other.token(), sent()):
        throttled(make_channel(WECHAT.kind, cache=cache))
        make_channel(other.kind, cache=cache).send(outbound(other.anna, text="您好"))


def test_a_pause_ends(monkeypatch):
    channel = make_channel(WECHAT.kind)
    monkeypatch.setattr("channels.wechat.errors.random.uniform", lambda low, high: -60.0)  # no time at all
    with provider(token(), refused(45011), sent()):
        throttled(channel)
        channel.send(HELLO)


def test_a_pause_is_looked_up_once_in_a_few_seconds(monkeypatch):
    cache = CountingCache()
    channel = make_channel(WECHAT.kind, cache=cache)
    with provider(token(), sent(), sent(), sent(), sent()):
        for _ in range(3):
            channel.send(HELLO)
        looked = [key for key in cache.read if "pause" in key]
        assert sorted(looked) == [
            f"wechat:pause:{WECHAT.app}:message/custom/send",
            f"wechat:pause:{WECHAT.app}:stable_token",
        ]
        monkeypatch.setattr("channels.wechat.pauses.LOOK_AGAIN", 0.0)
        channel.send(HELLO)
        assert len([key for key in cache.read if "pause" in key]) == 3


def test_tokens_that_may_not_be_asked_for_are_not():
    no_token = Response("POST", f"{API}/stable_token", json={"errcode": 45009, "errmsg": ""})
    channel = make_channel(WECHAT.kind)
    with provider(no_token):
        assert throttled(channel).code == throttled(channel).code == "45009"


def test_who_has_a_token_may_still_send():
    cache = DictCache()
    with provider(token(), sent()):
        make_channel(WECHAT.kind, cache=cache).send(HELLO)
    no_token = Response("POST", f"{API}/stable_token", json={"errcode": 45009, "errmsg": ""})
    with provider(refused(40001), no_token, sent()):
        channel = make_channel(WECHAT.kind, cache=cache)
        throttled(channel)  # the token was refused, and there is no other
        channel.send(HELLO)


def test_a_file_may_be_fetched_while_messages_are_paused():
    channel = make_channel(WECHAT.kind)
    with provider(token(), refused(45011), call("media/get", body=PNG, content_type="image/png"), uploaded()):
        throttled(channel)
        channel.fetch(Attachment("image", "m"))
        throttled(channel, PICTURE)
