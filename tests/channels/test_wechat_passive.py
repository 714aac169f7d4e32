"""Accounts that may not call WeChat's API: the answer travels in the response to the customer's own push."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from time import time
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings, strategies

from channels.contract import Capabilities, Choice, Inline, Link, Menu, WebhookRequest
from channels.errors import WindowClosed
from channels.wechat.crypto import Envelope, is_signed
from tests.channels.accounts import SECRETS
from tests.channels.cases import make_channel
from tests.channels.wechat import KEY, MSG, TOKEN, Played, as_xml, outbound, plain

WECHAT = Played("wechat_official")
ANNA = WECHAT.anna
ASKED = as_xml(WECHAT.fields(MsgType="text", MsgId=MSG, Content="在吗"))


def passive(mode: str = "safe") -> Any:
    return make_channel(WECHAT.kind, replies="passive", mode=mode)


def answered(**content: Any) -> dict[str, Any]:
    """What WeChat reads of the answer, in plaintext mode."""
    reply = passive("plaintext").acknowledge(plain(ASKED), outbound(ANNA, **content))
    assert reply.content_type.startswith("application/xml")
    return told(fromstring(reply.body))


def told(element: Element) -> dict[str, Any]:
    return {child.tag: told(child) if len(child) else child.text or "" for child in element}


def test_it_says_that_it_answers_inline_and_no_more():
    assert passive().capabilities == Capabilities(
        text_bytes=2047,
        links=True,
        answers_inline=Inline(timedelta(seconds=4.5), timedelta(seconds=5), 3),
    )


def test_a_text_goes_back_to_who_wrote():
    answer = answered(text="您好 <b>&amp;")
    assert abs(int(answer.pop("CreateTime")) - time()) < 5
    assert answer == {
        "ToUserName": ANNA.value,
        "FromUserName": WECHAT.gh,
        "MsgType": "text",
        "Content": "您好 <b>&amp;",
    }


def test_a_link_is_one_article():
    answer = answered(link=Link("退换货", "https://a/x?b=1&c=2", "七天", "https://a/p.jpg"))
    assert (answer["MsgType"], answer["ArticleCount"]) == ("news", "1")
    assert answer["Articles"] == {
        "item": {"Title": "退换货", "Description": "七天", "PicUrl": "https://a/p.jpg", "Url": "https://a/x?b=1&c=2"}
    }


def test_a_menu_is_a_list():
    answer = answered(menu=Menu("好吗？", (Choice("1", "好"), Choice("2", "不好"))))
    assert answer["Content"] == "好吗？\n1. 好\n2. 不好"


def test_a_text_is_cut_between_characters():
    content = answered(text="好" * 700)["Content"]
    assert content == "好" * 682
    assert len(content.encode()) <= 2048


@given(strategies.text())
@settings(max_examples=50)
def test_no_text_breaks_out_of_its_element(text):
    reply = built().acknowledge(plain(ASKED), outbound(ANNA, text=f"]]></Content><MsgType>image{text}"))
    answer = told(fromstring(reply.body))
    assert answer["MsgType"] == "text"
    assert answer["Content"].startswith("]]></Content><MsgType>image")


@cache
def built() -> Any:
    """On first use: the secrets are in the environment only while a test runs."""
    return passive("plaintext")


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_where_pushes_are_sealed_so_are_answers(mode):
    request = WECHAT.sealed(ASKED, clear=ASKED[5:-6] if mode == "compatible" else "")
    channel = passive(mode)
    channel.verify(request)
    sealed = told(fromstring(channel.acknowledge(request, outbound(ANNA, text="您好")).body))
    parts = TOKEN, sealed["TimeStamp"], sealed["Nonce"], sealed["Encrypt"]
    assert is_signed(sealed["MsgSignature"], *parts)
    opened = Envelope(TOKEN, KEY, WECHAT.app).decrypt(sealed["Encrypt"])
    assert told(fromstring(opened))["Content"] == "您好"
    assert not set(SECRETS.values()) & {opened, *sealed.values()}


@pytest.mark.parametrize("content", [None, {"text": ""}])
def test_nothing_to_say_is_success_in_clear(content):
    reply = passive().acknowledge(WECHAT.sealed(ASKED), content and outbound(ANNA, **content))
    assert (reply.body, reply.status) == ("success", 200)


def test_the_address_check_is_answered_as_ever():
    request = WebhookRequest(method="GET", query={"echostr": "hello"})
    assert passive().acknowledge(request, outbound(ANNA, text="您好")).body == "hello"


def test_it_never_calls_out():
    with pytest.raises(WindowClosed) as failure:
        passive().send(outbound(ANNA, text="您好"))
    assert failure.value.code == "passive"
