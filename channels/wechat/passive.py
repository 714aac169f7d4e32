"""The answer to a push inside of the response to it: XML, sealed where the account seals its pushes."""

from __future__ import annotations

import re
from secrets import token_hex
from time import time

from channels.contract import Link, OutboundMessage
from channels.wechat.account import listed
from channels.wechat.crypto import Envelope
from channels.wechat.push import Push

LONGEST_TEXT = 2047  # bytes; WeChat says 2048
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def reply(push: Push, answer: OutboundMessage) -> str:
    """Empty if there is nothing that can travel this way."""
    if answer.link:
        content = _news(answer.link)
    elif text := answer.text or (listed(answer.menu) if answer.menu else ""):
        content = _element("MsgType", "text") + _element("Content", _cut(text, LONGEST_TEXT))
    else:
        return ""
    # from us to the customer: the other way round than the push
    ends = _element("ToUserName", push.customer) + _element("FromUserName", push.account)
    return f"<xml>{ends}<CreateTime>{int(time())}</CreateTime>{content}</xml>"


def sealed(text: str, envelope: Envelope) -> str:
    timestamp, nonce = str(int(time())), token_hex(8)
    seal = envelope.seal(text, timestamp, nonce)
    return (
        f"<xml>{_element('Encrypt', seal.ciphertext)}{_element('MsgSignature', seal.signature)}"
        f"<TimeStamp>{timestamp}</TimeStamp>{_element('Nonce', nonce)}</xml>"
    )


def _news(link: Link) -> str:
    """One article: WeChat shows no more in answer to a message."""
    article = (
        _element("Title", link.title)
        + _element("Description", link.description)
        + _element("PicUrl", link.image_url)
        + _element("Url", link.url)
    )
    news = _element("MsgType", "news")
    return f"{news}<ArticleCount>1</ArticleCount><Articles><item>{article}</item></Articles>"


def _element(name: str, text: str) -> str:
    # ]]> would end the section: whoever writes it must not write our tags
    text = NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"


def _cut(text: str, longest: int) -> str:
    return text.encode(errors="ignore")[:longest].decode(errors="ignore")
