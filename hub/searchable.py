"""Rows that are found by words. The words are written with the row, so what is committed is found."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Index, cast, event, func, inspect, text
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

# of new words that are not sorted into the index yet: every search reads them all, and who makes it full sorts them in
PENDING_KILOBYTES = 512


class Searchable:
    """Mixin for tables whose rows are found by words; see hub.words."""

    reads: ClassVar[tuple[str, ...]]  # the attributes that `read` reads
    words: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True)  # None: written before there was a search

    def read(self) -> str:
        raise NotImplementedError

    @classmethod
    def has(cls, question: str) -> ColumnElement[bool]:
        return cls.words.bool_op("@@")(cast(question, TSQUERY))

    @classmethod
    def holds(cls, question: str) -> ColumnElement[bool]:
        """The same, looked up in each row: for where other conditions leave few of them."""
        return func.coalesce(cls.words, cast("", TSVECTOR)).bool_op("@@")(cast(question, TSQUERY))


def search_indexes(table: str) -> tuple[Index, ...]:
    return (
        Index(
            f"ix_{table}_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": PENDING_KILOBYTES},
            postgresql_where=text("words IS NOT NULL"),
        ),
        Index(f"ix_{table}_unread", "id", postgresql_where=text("words IS NULL")),
    )


@event.listens_for(Searchable, "before_insert", propagate=True)
def _read(mapper: Any, connection: Any, row: Searchable) -> None:
    row.words = row.read()


@event.listens_for(Searchable, "before_update", propagate=True)
def _read_again(mapper: Any, connection: Any, row: Searchable) -> None:
    attributes = inspect(row).attrs
    if any(attributes[name].history.has_changes() for name in row.reads):
        row.words = row.read()
