"""An example of what a JSON Schema asks for: models follow one better than rules."""

from __future__ import annotations

from typing import Any

from audiopipe.conversation.schema.strict import Json, resolved

_DEEPEST = 6
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "email": "ann@example.org",
    "uri": "https://example.org",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example_of(schema: Json) -> Any:
    """A value of the form that a schema describes; its bounds are kept where that is easy."""
    return _value(schema, schema, 0)


def _value(schema: Any, root: Json, depth: int) -> Any:
    schema = resolved(schema, root)
    for name in ("example", "const", "default"):
        if name in schema:
            return schema[name]
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if schema.get(name):
            return _value(schema[name][0], root, depth)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        return _object(schema, root, depth)
    if kind == "array":
        items = schema.get("items", {})
        return [_value(items, root, depth + 1)] if depth < _DEEPEST and items else []
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": True, "null": None}.get(str(kind), _FORMATS.get(schema.get("format"), "..."))


def _object(schema: Json, root: Json, depth: int) -> Any:
    properties = schema.get("properties", {}) if depth < _DEEPEST else {}
    return {name: _value(part, root, depth + 1) for name, part in properties.items()}
