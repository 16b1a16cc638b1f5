"""Schemas for servers that hold a model to them while it writes, and what they make of optional
properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_KEPT = {"type", "enum", "const", "description"}
_CHECKED_HERE = set(
    "title default examples format pattern minLength maxLength minimum maximum exclusiveMinimum "
    "exclusiveMaximum multipleOf minItems maxItems uniqueItems discriminator $schema $id $comment "
    "$defs definitions properties required items anyOf oneOf additionalProperties".split()
)
_NULL = {"type": "null"}


def strict(schema: Json) -> dict[str, Any] | None:
    """The schema for servers that hold a model to it while it writes; None if it has none.

    They want every property required and no others allowed, and know few keywords: Groq refuses
    bounds such as `minItems`. So bounds are left out, and what is optional may be null instead;
    `without_nulls` takes that back, and the whole schema is checked here in the end.
    """
    try:
        return None if "$ref" in schema else _strict(schema)
    except _NotStrict:
        return None


def without_nulls(value: Any, schema: Json, root: Json | None = None) -> Any:
    """The value without those nulls that stand for a missing optional property."""
    root = root or schema
    if isinstance(value, list):
        items = [each["items"] for each in _branches(schema, root) if "items" in each]
        return [without_nulls(each, {"anyOf": items}, root) for each in value]
    if not isinstance(value, dict):
        return value
    objects = [each for each in _branches(schema, root) if "properties" in each]
    kept = {}
    for name, part in value.items():
        knowing = [each for each in objects if name in each["properties"]]
        optional = knowing and not any(name in each.get("required", ()) for each in knowing)
        parts = {"anyOf": [each["properties"][name] for each in knowing]}
        if part is None and optional and not _takes_null(parts, root):
            continue
        kept[name] = without_nulls(part, parts, root)
    return kept


class _NotStrict(Exception):
    """A schema says what strict mode cannot."""


def _strict(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, dict) or not schema:
        raise _NotStrict
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    if schema.keys() - _KEPT - _CHECKED_HERE or schema.get("additionalProperties"):
        raise _NotStrict
    made = {name: schema[name] for name in schema.keys() & _KEPT}
    for name in schema.keys() & {"$defs", "definitions"}:
        made[name] = {key: _strict(part) for key, part in schema[name].items()}
    for name in schema.keys() & {"anyOf", "oneOf"}:
        made["anyOf"] = [_strict(part) for part in schema[name]]
    if schema.get("type") == "array":
        made["items"] = _strict(schema.get("items"))
    elif schema.get("type") == "object":
        made |= _closed(schema)
    elif not made.keys() - {"description"} or schema.keys() & {"items", "properties"}:
        raise _NotStrict
    return made


def _closed(schema: Json) -> dict[str, Any]:
    if "properties" not in schema:
        raise _NotStrict
    properties = {}
    for name, part in schema["properties"].items():
        made = _strict(part)
        if name not in schema.get("required", ()) and not _takes_null(part, {}):
            made = {"anyOf": [made, _NULL]}
        properties[name] = made
    required = list(properties)
    return {"properties": properties, "required": required, "additionalProperties": False}


def _takes_null(schema: Json, root: Json) -> bool:
    kinds = [each.get("type") for each in _branches(schema, root)]
    return any(kind == "null" or (isinstance(kind, list) and "null" in kind) for kind in kinds)


def _branches(schema: Json, root: Json) -> Iterator[Json]:
    """The schema, and all that it allows to stand in its place."""
    schema = resolved(schema, root)
    yield schema
    for name in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(name, ()):
            yield from _branches(part, root)


def resolved(schema: Any, root: Json) -> Json:
    """What a reference inside of the schema leads to."""
    for _ in range(10):
        if not isinstance(schema, Mapping):
            return {}  # true or false
        if "$ref" not in schema:
            return schema
        where, schema = str(schema["$ref"]), root
        for name in where.removeprefix("#").strip("/").split("/"):
            schema = schema.get(name, {}) if isinstance(schema, Mapping) else {}
    return {}
