"""Errors as RFC 9457 problem documents: a code for clients, a sentence for people."""

from __future__ import annotations

import json
import logging

from flask import Flask, Response, request
from pydantic import ValidationError
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from hub.refusals import Invalid, Refusal

log = logging.getLogger(__name__)


def problem(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None, **facts: str) -> Response:
    title = code.replace("_", " ")
    document: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **facts,
    }
    if errors:
        document["errors"] = errors
    return Response(json.dumps(document, ensure_ascii=False), status, content_type="application/problem+json")


def invalid(error: ValidationError) -> Response:
    errors = [{"field": ".".join(map(str, item["loc"])), "reason": item["msg"]} for item in error.errors()]
    return problem(422, "invalid", "Some fields are missing or wrong.", errors)


def register(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Response:
        errors = [{"field": error.field, "reason": error.reason}] if isinstance(error, Invalid) else None
        return problem(error.status, error.code, error.detail, errors, **error.facts)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        code = (error.name or "error").lower().replace(" ", "_")
        return problem(error.code or 500, code, error.description or "")

    @app.errorhandler(DataError)
    def out_of_range(error: DataError) -> Response:
        return problem(422, "invalid", "A value is out of range.")

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> Response:
        log.error("%s %s: PostgreSQL is away", request.method, request.path)
        response = problem(503, "database_away", "The database does not answer. Try again in a few seconds.")
        response.headers["Retry-After"] = "5"
        return response
