"""The public API, version 1. Described at /api/v1/openapi.json."""

from hub.web.api.blueprint import api

from hub.web.api import bots, calls, contacts, conversations, files, learning, messages, operations, session  # isort: skip - they add the routes

__all__ = [
    "api",
    "bots",
    "calls",
    "contacts",
    "conversations",
    "files",
    "learning",
    "messages",
    "operations",
    "session",
]
