"""Our signature against Aliyun's published example and the vendor's SDK."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from channels.aliyun.signing import NOTHING, Signer, canonical_query, canonical_request
from tests.channels.accounts import SECRETS
from tests.channels.aliyun.aliyun import KIND, message, told
from tests.channels.cases import make_channel, provider

UNRESERVED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
queries = st.dictionaries(texts, texts, max_size=6)


def headers(**changes: str) -> dict[str, str]:
    usual = {
        "host": "dysmsapi.aliyuncs.com",
        "x-acs-action": "SendSms",
        "x-acs-version": "2017-05-25",
        "x-acs-date": "2026-01-01T00:00:00Z",
        "x-acs-signature-nonce": "n1",
        "x-acs-content-sha256": NOTHING,
    }
    return {**usual, **{name.replace("_", "-"): value for name, value in changes.items()}}


VECTORS = {
    # help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
    "Aliyun's documentation": (
        Signer("YourAccessKeyId", "YourAccessKeySecret"),
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        headers(
            host="ecs.cn-shanghai.aliyuncs.com",
            x_acs_action="RunInstances",
            x_acs_version="2014-05-26",
            x_acs_date="2023-10-26T10:22:32Z",
            x_acs_signature_nonce="3156853299f313e23d1673dc12e1703d",
        ),
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    ),
    # alibabacloud_tea_openapi 0.4.6, Utils.get_authorization
    "the vendor's SDK": (
        Signer("AK", "SK"),
        {
            "PhoneNumbers": "13800138000",
            "SignName": "阿里云",
            "TemplateCode": "SMS_1",
            "TemplateParam": '{"code":"1234"}',
            "OutId": "m-1",
        },
        headers(),
        "0a89324a69d64b6bd4e86852d2ccfe49f759281a7c743e601a3ecc3267a45a6d",
    ),
}


@pytest.mark.parametrize(("signer", "query", "said", "signature"), VECTORS.values(), ids=VECTORS)
def test_known_signatures(signer, query, said, signature):
    authorization = signer.authorization("POST", query, said)
    names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
    assert authorization == (f"ACS3-HMAC-SHA256 Credential={signer.key_id},SignedHeaders={names},Signature={signature}")


@given(queries)
def test_a_canonical_query_says_the_same_and_is_sorted(query):
    canonical = canonical_query(query)
    assert dict(parse_qsl(canonical, keep_blank_values=True, max_num_fields=10)) == query or "" in query
    assert canonical_query(dict(reversed(query.items()))) == canonical
    pairs = [pair.split("=") for pair in canonical.split("&")] if query else []
    assert [unquote(name) for name, _ in pairs] == sorted(query)
    for part in (part for pair in pairs for part in pair):
        assert set(part) <= UNRESERVED | {"%"}
        assert all(escape[:2] == escape[:2].upper() for escape in part.split("%")[1:])


@given(queries, queries)
def test_different_calls_are_never_written_alike(one, other):
    alike = canonical_request("POST", one, headers()) == canonical_request("POST", other, headers())
    assert alike == (one == other)


def test_what_is_signed_is_what_is_sent():
    channel = make_channel(KIND)
    with provider(told("SendSms", BizId="b")) as calls:
        channel.send(message("shipped", order="A+B c/é~*", day="周一&二"))
        [call] = calls
    request = call.request
    said = {name.lower(): text for name, text in request.headers.items()}
    signed: dict[str, str] = {
        name: said[name] for name in said["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    }
    assert signed["host"] == "dysmsapi.aliyuncs.com"
    path, _, sent = request.path_url.partition("?")
    query = dict(parse_qsl(sent, strict_parsing=True))
    assert (path, sent) == ("/", canonical_query(query))
    signer = Signer("LTAI5tTest", SECRETS["TEST_APP_SECRET"])
    assert signer.authorization("POST", query, signed) == said["authorization"]
    assert not request.body


def test_no_two_calls_share_a_nonce():
    channel = make_channel(KIND)
    sent: list[Any] = []
    with responses.RequestsMock() as mock:
        mock.add(told("SendSms", BizId="b"))
        for _ in range(2):
            channel.send(message())
        sent = [call.request.headers["x-acs-signature-nonce"] for call in mock.calls]
    assert len(set(sent)) == 2


def test_a_signer_does_not_show_its_secret():
    assert "SK1" not in repr(Signer("AK", "SK1"))
