"""Why the hub will not do what an agent asked. The code is for clients, the detail for people."""

from __future__ import annotations


class Refusal(Exception):
    """`facts` are for clients that say it in their own words."""

    def __init__(self, code: str, detail: str, status: int = 409, **facts: str):
        super().__init__(detail)
        self.code, self.detail, self.status, self.facts = code, detail, status, facts


class NotFound(Refusal):
    def __init__(self, what: str):
        super().__init__("not_found", f"There is no such {what}.", 404)


class Invalid(Refusal):
    """The body is well-formed, but one field cannot be."""

    def __init__(self, field: str, reason: str):
        super().__init__("invalid", f"{field}: {reason}", 422)
        self.field, self.reason = field, reason
