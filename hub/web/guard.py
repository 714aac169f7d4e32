"""What somebody may not read does not exist for them: asked before every request that names a row in its address."""

from __future__ import annotations

from itertools import pairwise

from flask import g, request

from hub.queries import access
from hub.refusals import NotFound
from hub.web.login import the_agent


def must_read() -> None:
    """`/conversations/<id>/claim` names a conversation: the noun stands before its number."""
    if "agent" not in g or not request.url_rule:  # an endpoint that asks for another proof
        return
    parts = request.url_rule.rule.split("/")
    for noun, name in pairwise(parts):
        if noun in access.NOUNS and name.startswith("<"):
            given = str((request.view_args or {})[name.strip("<>").rpartition(":")[2]])
            if not (given.isdecimal() and exists(noun, int(given))):
                raise NotFound(noun.removesuffix("s"))


def exists(noun: str, number: int) -> bool:
    """For who asks. Views ask it of the numbers in their bodies."""
    return number.bit_length() < 64 and access.reads(the_agent(), noun, number)
