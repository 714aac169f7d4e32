"""How a push looks on the wire: fields as XML or JSON, in the clear, both, or sealed, with a signed query."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from simulator import crypto
from simulator.accounts import Account

NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
CONTENT_TYPES = {"xml": "text/xml", "json": "application/json"}


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        inner = "".join(_element(*pair) for pair in value.items())
    elif isinstance(value, str):
        inner = "<![CDATA[" + NOT_XML.sub("", value).replace("]]>", "]]]]><![CDATA[>") + "]]>"
    else:
        inner = str(value)
    return f"<{name}>{inner}</{name}>"


def written(fields: Mapping[str, Any], form: str) -> str:
    if form == "xml":
        return _element("xml", fields)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def signed_query(account: Account, **more: str) -> dict[str, str]:
    # The wall clock, not the simulated one: whoever checks freshness has no share in our time travel.
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(9 * 10**8) + 10**8)
    signature = crypto.signature(account.token, timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce, **more}


def echo_query(account: Account) -> tuple[str, bytes]:
    """What the console asks a push URL when its form is saved, and what it must answer."""
    echo = str(secrets.randbelow(9 * 10**18) + 10**18)
    return urlencode(signed_query(account, echostr=echo)), echo.encode()


def seal(account: Account, fields: Mapping[str, Any]) -> tuple[str, bytes]:
    """Query string and body of one try: signature, nonce and ciphertext are new each time."""
    query = signed_query(account, openid=fields["FromUserName"])
    if account.mode == "plaintext":
        return urlencode(query), written(fields, account.format).encode()
    encrypted = crypto.encrypt(account.aes_key, account.app_id, written(fields, account.format))
    query["encrypt_type"] = "aes"
    query["msg_signature"] = crypto.signature(account.token, query["timestamp"], query["nonce"], encrypted)
    clear = fields if account.mode == "compatible" else {"ToUserName": fields["ToUserName"]}
    return urlencode(query), written({**clear, "Encrypt": encrypted}, account.format).encode()
