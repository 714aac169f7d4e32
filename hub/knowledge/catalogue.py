"""What agents may recommend (config/catalogue): articles, products and actions."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from hub.knowledge.conditions import When
from hub.knowledge.entries import Validity, WebAddress
from hub.knowledge.wording import PlainId, Strict, Texts, Words


class Item(Validity):
    id: PlainId
    kind: Literal["article", "product", "action"] = "product"
    title: Texts
    url: WebAddress | None = None
    text: Texts | None = None  # what the agent may send; else the title and the address
    about: list[Words] = []  # what customers say who may want it
    tags: list[Words] = []
    pages: list[str] = []  # parts of the page that the customer came from
    when: When | None = None  # a rule: it is recommended to whom this fits
    because: Texts | None = None  # the reason that is shown for the rule

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if not (self.about or self.tags or self.pages or self.when):
            raise ValueError("say who may want it: about, tags, pages or when")
        return self


class CatalogueFile(Strict):
    item: list[Item] = Field(default=[])
