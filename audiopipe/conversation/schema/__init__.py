"""Shapes of answers: a JSON Schema or a type of Python, and the check of what came.

Servers and models know objects alone. A shape with another root, such as a list, is asked for as
the one property of an object, and taken out of it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from audiopipe.conversation.schema.strict import Json, resolved
from audiopipe.conversation.schema.strict import strict as strict
from audiopipe.conversation.schema.strict import without_nulls as without_nulls
from audiopipe.conversation.schema.types import adapter, is_shaped
from audiopipe.errors import UsageError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_MOST_FAULTS = 8
_MOST_CHARACTERS = 200


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
        return _object(text)


class Schema(AnyObject):
    """What is valid by a JSON Schema, of any draft that `jsonschema` knows.

    Args:
        schema: with any root.

    Raises:
        UsageError: it is no JSON Schema, or jsonschema is not installed.
    """

    def __init__(self, schema: Json) -> None:
        _validator(schema)
        self.schema: Json
        self.schema, self._is_inside = _rooted(schema)
        self._validator = _validator(self.schema)

    def read(self, text: str) -> Any:
        """The object, or what else the root describes. See `Shape.read`."""
        from jsonschema.exceptions import best_match
        from referencing.exceptions import Unresolvable

        value = without_nulls(_object(text, is_inside=self._is_inside), self.schema)
        try:
            faults = [best_match([each]) for each in self._validator.iter_errors(value)]
        except Unresolvable as error:
            raise UsageError(f"the schema refers to what is not in it: {error}") from error
        if faults:
            raise ValueError(_lines(_line(each.absolute_path, each.message) for each in faults))
        return value[_INSIDE] if self._is_inside else value


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
    """A type of Python, as pydantic checks it; `read` gives one.

    Args:
        model: a subclass of `pydantic.BaseModel`, a dataclass, a TypedDict, or a list or other
            form of them, such as `list[Town]`.

    Raises:
        UsageError: pydantic does not know it, or is not installed.
    """

    def __init__(self, model: Any) -> None:
        self._adapter = adapter(model)
        self.schema: Json
        self.schema, self._is_inside = _rooted(self._adapter.json_schema())

    def read(self, text: str) -> Any:
        """An instance of the type. See `Shape.read`."""
        value = without_nulls(_object(text, is_inside=self._is_inside), self.schema)
        try:
            inside = value[_INSIDE] if self._is_inside else value
            return self._adapter.validate_json(json.dumps(inside))
        except KeyError:
            raise ValueError(f"the object needs the property {_INSIDE}") from None
        except ValueError as error:  # pydantic's own error is one
            rows = error.errors() if hasattr(error, "errors") else ()
            lines = _lines(_line(row["loc"], row["msg"]) for row in rows)
            raise ValueError(lines or str(error)) from error


def shape_of(schema: Any) -> Shape:
    """The shape that a user means: one of these, a JSON Schema (a dict), or a type; see `Model`."""
    if isinstance(schema, AnyObject):
        return schema
    if isinstance(schema, Mapping):
        return Schema(schema)
    if is_shaped(schema):
        return Model(schema)
    raise UsageError(
        "a schema is a dict with a JSON Schema, a subclass of pydantic.BaseModel, a dataclass, a "
        "TypedDict, or a list of them"
    )


_INSIDE = "value"
"""The property that holds what is no object by itself."""


def _rooted(schema: Json) -> tuple[Json, bool]:
    """A schema of an object, and whether what was asked for is its one property."""
    if resolved(schema, schema).get("type") == "object":
        return schema, False
    shared = {name: schema[name] for name in schema.keys() & {"$defs", "definitions", "$schema"}}
    inner = {name: part for name, part in schema.items() if name not in shared}
    properties = {"type": "object", "properties": {_INSIDE: inner}, "required": [_INSIDE]}
    return {**shared, **properties}, True


def _object(text: str, *, is_inside: bool = False) -> Any:
    """The JSON object of an answer; what stands in its place, put into one, where that is meant.

    Raises:
        ValueError: it is none.
    """
    try:
        value = json.loads(_FENCE.sub(r"\1", text.strip()), parse_constant=_refuse)
    except ValueError as error:
        raise ValueError(f"it is not valid JSON: {error}") from error
    if is_inside and not (isinstance(value, dict) and _INSIDE in value):
        return {_INSIDE: value}
    if isinstance(value, dict):
        return value
    raise ValueError(f"it is not a JSON object, but of type {type(value).__name__}")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


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
