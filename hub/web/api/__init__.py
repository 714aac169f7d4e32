"""The public API, version 1. Described at /api/v1/openapi.json."""

from hub.web.api.blueprint import api

from hub.web.api import (  # isort: skip - they add the routes
    bots,
    bulk,
    calls,
    canned,
    channels,
    configuration,
    contacts,
    conversations,
    files,
    jobs,
    learning,
    me,
    messages,
    notifications,
    operations,
    presence,
    session,
    together,
    views,
)

__all__ = [
    "api",
    "bots",
    "bulk",
    "calls",
    "canned",
    "channels",
    "configuration",
    "contacts",
    "conversations",
    "files",
    "jobs",
    "learning",
    "me",
    "messages",
    "notifications",
    "operations",
    "presence",
    "session",
    "together",
    "views",
]
