"""Texts that a provider approved beforehand, and of which only the gaps are ours to fill."""

from __future__ import annotations

import re
from collections.abc import Mapping

from channels.contract import Template, TemplateForm
from channels.errors import Refused

PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]*)\}")


def placeholders(text: str) -> tuple[str, ...]:
    """The fields of a text, each once, in the order they come in."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))


def checked(form: TemplateForm, template: Template) -> dict[str, str]:
    """All fields in the order of the form; Refused where one is missing, empty or unknown."""
    if unknown := template.fields.keys() - set(form.fields):
        raise Refused(f"the template {template.name} has no field {', '.join(sorted(unknown))}", code="template_fields")
    if empty := [name for name in form.fields if not template.fields.get(name, "").strip()]:
        raise Refused(f"the template {template.name} needs {', '.join(empty)}", code="template_fields")
    return {name: template.fields[name] for name in form.fields}


def shown(form: TemplateForm, fields: Mapping[str, str]) -> str:
    """What the customer reads; what stands in a field is never read as a placeholder itself."""
    return PLACEHOLDER.sub(lambda found: fields.get(found[1], found[0]), form.text)
