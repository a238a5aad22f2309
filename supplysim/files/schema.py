"""The JSON Schema of a scenario file, by which an editor completes and checks it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from supplysim import measures
from supplysim.measures import Measure, TradeMeasure
from supplysim.scenario import Scenario

__all__ = ["scenario_schema"]

# Editors of TOML know this draft best: no `$defs`, no `prefixItems`.
_DRAFT = "http://json-schema.org/draft-07/schema#"


EXTENDING = {
    "extends": {
        "type": "string",
        "description": "The scenario that this one starts from; its measures are added to it",
    },
    "without": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Keys of measures of the extended scenario to leave out",
    },
}
"""Fields of the file alone: once it is read, nothing is left of them."""


class _Quiet(GenerateJsonSchema):
    """Leaves out defaults that JSON cannot hold (empty mappings) without a warning."""

    ignored_warning_kinds = GenerateJsonSchema.ignored_warning_kinds | {"non-serializable-default"}


def scenario_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of a scenario's TOML file, with descriptions from the docstrings.

    >>> schema = scenario_schema()
    >>> schema["title"], sorted(schema["definitions"])[0]
    ('supplysim scenario', 'CounterMeasure')
    """
    made = TypeAdapter(Scenario).json_schema(
        ref_template="#/definitions/{model}", schema_generator=_Quiet
    )
    definitions = made.pop("$defs", {})
    for name, definition in definitions.items():
        _describe(definition, getattr(measures, name, None))
    _describe(made, Scenario)
    made["properties"] |= EXTENDING
    schema: dict[str, Any] = _tidy({**made, "definitions": definitions})
    return {"$schema": _DRAFT, **schema, "title": "supplysim scenario"}


def _describe(definition: dict[str, Any], cls: type | None) -> None:
    """The docstring without its examples; and each field with the sentences that speak of it."""
    texts = [_prose(definition.get("description", ""))]
    if isinstance(cls, type) and issubclass(cls, Measure):
        # the base classes explain their fields, where this one only mentions them
        texts[:0] = [_prose(inspect.getdoc(base) or "") for base in (Measure, TradeMeasure)]
    sentences = [s for text in texts for s in re.split(r"(?<=[.:;])\s+(?=[A-Z`])", text)]
    for name, field in definition["properties"].items():
        said = [sentence for sentence in sentences if f"``{name}``" in sentence]
        if said:
            field["description"] = said[0].replace("``", "`").rstrip(".:;")
        field.pop("title", None)  # only the name again
    if "type" in definition["properties"]:
        definition["required"] = ["type", *definition.get("required", [])]
    definition["description"] = texts[-1].replace("``", "`")


def _prose(docstring: str) -> str:
    return re.sub(r"\s*\n(?!\n)", " ", docstring.partition(">>>")[0]).strip()


def _tidy(node: Any) -> Any:
    """In the words of draft 7, without null, which TOML does not have, and without pydantic's extras."""
    if isinstance(node, list):
        return [_tidy(item) for item in node if item != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    node = {("items" if key == "prefixItems" else key): item for key, item in node.items()}
    node.pop("discriminator", None)
    if "default" in node and node["default"] in (None, "Infinity", float("inf")):
        del node["default"]
    made = {key: _tidy(item) for key, item in node.items()}
    if len(made.get("anyOf", ())) == 1:
        (only,) = made.pop("anyOf")
        made = {"allOf": [only], **made} if "$ref" in only else {**only, **made}
    return made
