"""Shapes of answers: a JSON Schema or a pydantic model, and the check of what came."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from audiopipe.errors import UsageError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_MOST_FAULTS = 8
_MOST_CHARACTERS = 200

Json = Mapping[str, Any]


class Shape(Protocol):
    """What an answer must be."""

    @property
    def schema(self) -> Json | None:
        """JSON Schema of it; None for any JSON object."""

    def read(self, text: str) -> Any:
        """What the answer says.

        Raises:
            ValueError: it is not of this shape; the message is for the model, a fault a line.
        """


class AnyObject:
    """Any JSON object."""

    schema: Json | None = None

    def read(self, text: str) -> Any:
        """The object. See `Shape.read`."""
        try:
            value = json.loads(_FENCE.sub(r"\1", text.strip()), parse_constant=_refuse)
        except ValueError as error:
            raise ValueError(f"it is not valid JSON: {error}") from error
        if isinstance(value, dict):
            return value
        raise ValueError(f"it is not a JSON object, but of type {type(value).__name__}")


class Schema(AnyObject):
    """An object by a JSON Schema, of any draft that `jsonschema` knows.

    Args:
        schema: its root describes an object.

    Raises:
        UsageError: it is no JSON Schema, or not of an object; or jsonschema is not installed.
    """

    def __init__(self, schema: Json) -> None:
        self.schema: Json = schema
        self._validator = _validator(schema)
        if _resolved(schema, schema).get("type") != "object":
            raise UsageError('a schema needs "type": "object" at its root: wrap lists in an object')

    def read(self, text: str) -> Any:
        """The object. See `Shape.read`."""
        from jsonschema.exceptions import best_match
        from referencing.exceptions import Unresolvable

        value = without_nulls(super().read(text), self.schema)
        try:
            faults = [best_match([each]) for each in self._validator.iter_errors(value)]
        except Unresolvable as error:
            raise UsageError(f"the schema refers to what is not in it: {error}") from error
        if faults:
            raise ValueError(_lines(_line(each.absolute_path, each.message) for each in faults))
        return value


class Checked(Schema):
    """An object by a JSON Schema that must also pass a check.

    Args:
        schema: see `Schema`.
        check: gives the faults of an object that is valid by it, in words for the model.
    """

    def __init__(self, schema: Json, check: Callable[[Any], Iterable[str]]) -> None:
        super().__init__(schema)
        self._check = check

    def read(self, text: str) -> Any:
        """The object. See `Shape.read`."""
        value = super().read(text)
        if faults := list(self._check(value)):
            raise ValueError(_lines(faults))
        return value


class Model(AnyObject):
    """An object as a pydantic model, which is what `read` gives.

    Args:
        model: a subclass of `pydantic.BaseModel`.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.schema: Json = model.model_json_schema()

    def read(self, text: str) -> Any:
        """An instance of the model. See `Shape.read`."""
        value = without_nulls(super().read(text), self.schema)
        try:
            return self._model.model_validate_json(json.dumps(value))
        except ValueError as error:  # pydantic's own error is one
            rows = error.errors() if hasattr(error, "errors") else ()
            lines = _lines(_line(row["loc"], row["msg"]) for row in rows)
            raise ValueError(lines or str(error)) from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def shape_of(schema: Any) -> Shape:
    """The shape that a user means: one of these, a JSON Schema (a dict), or a pydantic model."""
    if isinstance(schema, AnyObject):
        return schema
    if isinstance(schema, Mapping):
        return Schema(schema)
    if isinstance(schema, type) and hasattr(schema, "model_json_schema"):
        return Model(schema)
    raise UsageError("a schema is a dict with a JSON Schema, or a subclass of pydantic.BaseModel")


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
    schema = _resolved(schema, root)
    yield schema
    for name in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(name, ()):
            yield from _branches(part, root)


def _resolved(schema: Any, root: Json) -> Json:
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


def _validator(schema: Json) -> Validator:
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import validator_for
        from referencing import Registry
    except ImportError as error:
        raise UsageError("a JSON Schema needs jsonschema: pip install 'audiopipe[chat]'") from error
    kind = validator_for(schema)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"not a JSON Schema: {error.json_path}: {error.message}") from error
    # with a registry of its own it fetches nothing from addresses in the schema
    return kind(schema, format_checker=kind.FORMAT_CHECKER, registry=Registry())


def _line(where: Iterable[Any], what: str) -> str:
    return f"{'.'.join(map(str, where)) or 'the object'}: {what}"


def _lines(faults: Iterable[str]) -> str:
    lines = [each[:_MOST_CHARACTERS] for each in faults]
    more = [f"and {len(lines) - _MOST_FAULTS} more"] if len(lines) > _MOST_FAULTS else []
    return "\n".join(lines[:_MOST_FAULTS] + more)


_FENCE = re.compile(r"^```(?:json)?\s*\n(.*)\n```$", re.DOTALL)
"""Some models dress JSON for people."""
