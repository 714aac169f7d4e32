"""Whatever a signed push says, of either kind of account and in each mode: it is taken, and taken in, for good."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from channels.contract import Inline
from hub.models import Arrival
from tests.stage import ACCOUNTS, NOON, OFFICIAL, Stage, signed, xml

MESSAGES = ("text", "image", "voice", "video", "shortvideo", "location", "link", "miniprogrampage", "shake")
EVENTS = (
    *("subscribe", "unsubscribe", "SCAN", "LOCATION", "CLICK", "VIEW", "scancode_push", "pic_weixin", "debug_demo"),
    *("user_enter_tempsession", "TEMPLATESENDJOBFINISH", "subscribe_msg_popup_event", "subscribe_msg_change_event"),
    *("subscribe_msg_sent_event", "kf_create_session", "kf_close_session", "user_authorization_revoke"),
    *("user_authorization_cancellation", "user_info_modified", "wxa_media_check", "nobody_knows"),
)
DETAILS = (
    *("Content", "MediaId", "MediaId16K", "PicUrl", "Format", "Recognition", "ThumbMediaId", "Location_X"),
    *("Location_Y", "Scale", "Label", "Title", "Description", "Url", "AppId", "PagePath", "bizmsgmenuid", "EventKey"),
    *("Ticket", "Latitude", "Longitude", "Precision", "ScanCodeInfo", "ScanResult", "MsgID", "Status", "KfAccount"),
    *("SessionFrom", "OpenID", "UnionID", "RevokeInfo", "List", "TemplateId", "SubscribeStatusString", "ErrorCode"),
    *(
        "SubscribeMsgPopupEvent",
        "SubscribeMsgChangeEvent",
        "SubscribeMsgSentEvent",
        "ErrorStatus",
        "key",
        "event",
        "by",
    ),
)
SENDERS = ("anna", "bo", "", "a" * 3000, "o'; DROP TABLE arrival; --", "𠮷", "x:y")
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, 2**63, 2**64, 10**400, 1e308]))
WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", "0", "1", "accept", "reject", "success", "2,8,206", "qrscene_", "91", "nan", "1e400", "怎么退款"]
    ),
)
JSON = st.recursive(
    st.one_of(WORDS, NUMBERS, st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(DETAILS) | WORDS, inner, max_size=4),
    max_leaves=8,
)
# what XML can say: no control characters, no numbers
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
XML = st.recursive(
    st.one_of(st.text(CHARACTERS, max_size=40), WORDS.filter(str.isprintable)).map(
        lambda each: each.replace("]]>", "")
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.sampled_from(DETAILS), inner, max_size=4)
    ),
    max_leaves=8,
)


def pushes(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly as WeChat writes them, and any of it wrong."""
    created = int(NOON.timestamp())
    usual = st.fixed_dictionaries(
        {
            "FromUserName": st.sampled_from(SENDERS),
            "CreateTime": st.integers(created, created + 5),
            "MsgType": st.sampled_from([*MESSAGES, *["event"] * 12]),
            "Event": st.sampled_from(EVENTS),
        },
        optional={"MsgId": st.integers(1, 50), **dict.fromkeys(DETAILS, values)},
    )
    wrong = st.dictionaries(st.sampled_from(["FromUserName", "CreateTime", "MsgType", "Event", "MsgId"]), values)
    return st.one_of(usual, usual, st.tuples(usual, wrong).map(lambda both: {**both[0], **both[1]}))


def push(stage: Stage, channel: str, text: str) -> TestResponse:
    if stage.app.extensions["channels"][channel].settings.mode == "plaintext":
        body = text.encode(errors="surrogatepass")
        return stage.app.test_client().post(f"/hooks/{channel}", query_string=signed(), data=body)
    return stage.post_sealed(channel, text)


@pytest.mark.parametrize("mode", ["safe", "compatible", "plaintext"])
@pytest.mark.parametrize("channel", ["shop", "stall", "service", "post"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_signed_push_is_taken_in(stage: Stage, channel: str, mode: str, data: st.DataObject) -> None:
    use(stage, channel, mode)
    written_as = XML if channel in OFFICIAL else JSON
    fields = {"ToUserName": f"gh_{ACCOUNTS[channel]:0>12}", **data.draw(pushes(written_as))}
    text = xml(fields) if channel in OFFICIAL else json.dumps(fields)
    response = push(stage, channel, text)
    assert response.status_code == 200
    assert response.text == "success" or response.text.startswith("<xml>")
    while stage.do("arrival", 20):
        pass
    unfinished = [(row.key, row.state, row.error) for row in stage.rows(Arrival, Arrival.state.not_in(SETTLED))]
    assert unfinished == []


SETTLED = ("done", "failed", "cancelled")  # cancelled: erased together with whoever sent it


@pytest.mark.parametrize("channel", ["shop", "service", "post"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=200) | st.text("<>xml![CDATA/]{}\":,Encrypt &;'", max_size=100))
def test_any_signed_text_is_kept(stage: Stage, channel: str, text: str) -> None:
    use(stage, channel, "safe")
    before = len(stage.rows(Arrival))
    response = push(stage, channel, text)
    assert (response.status_code, response.text) == (200, "success")
    assert len(stage.rows(Arrival)) in (before, before + 1)
    assert {row.state for row in stage.rows(Arrival)} == {"failed"}


def use(stage: Stage, channel: str, mode: str) -> None:
    """The account in this mode. Where answers travel inside of the push, the first try is the last: nobody waits."""
    channels = stage.app.extensions["channels"]
    usual = channels[channel]
    if usual.settings.mode != mode:
        changed = usual.settings.model_copy(update={"mode": mode})
        channels[channel] = type(usual)(channel, changed, http=usual.http, cache=usual.cache)
    if channel == "post":
        at_once = Inline(within=timedelta(0), cut_after=timedelta(0), tries=1)
        channels[channel].capabilities = replace(channels[channel].capabilities, answers_inline=at_once)
