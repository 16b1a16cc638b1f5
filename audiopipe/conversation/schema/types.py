"""Types of Python as shapes of answers, by pydantic."""

from __future__ import annotations

import sys
from dataclasses import is_dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    NotRequired,
    Required,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from audiopipe.errors import UsageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_SCALARS = (int, float, str, bool, bytes, complex, object)


def is_shaped(kind: Any) -> bool:
    """Whether that is a type that says what an answer must be."""
    if get_origin(kind) is not None or is_typeddict(kind):
        return True
    if not isinstance(kind, type) or kind in _SCALARS:
        return False
    return is_dataclass(kind) or hasattr(kind, "model_json_schema")


def adapter(kind: Any) -> TypeAdapter[Any]:
    """What checks and makes values of a type.

    Raises:
        UsageError: pydantic does not know it, or is not installed.
    """
    try:
        from pydantic import PydanticUserError, TypeAdapter
    except ImportError as error:
        raise UsageError("types as schemas need pydantic: pip install 'audiopipe[chat]'") from error
    try:
        return TypeAdapter(_known(kind))
    except PydanticUserError as error:
        told = str(error).splitlines()[0]
        raise UsageError(f"{kind!r} cannot be a schema: {told}") from error


def _known(kind: Any) -> Any:
    """The type with each TypedDict as pydantic wants it: before Python 3.12 not typing's own."""
    if sys.version_info >= (3, 12):
        return kind
    if is_typeddict(kind):
        from typing_extensions import TypedDict

        hints = get_type_hints(kind, include_extras=True)
        fields = {
            name: _field(hint, name in kind.__required_keys__) for name, hint in hints.items()
        }
        return TypedDict(kind.__name__, fields)  # type: ignore[operator]  # made while it runs
    origin, args = get_origin(kind), get_args(kind)
    if origin in (list, tuple, dict, set) and args:
        return origin[tuple(map(_known, args))]
    return kind


def _field(hint: Any, is_required: bool) -> Any:
    """A key of a TypedDict; what it says of itself goes before what Python has made of it, which
    does not read annotations that are kept as text."""
    if get_origin(hint) in (Required, NotRequired):
        is_required, (hint,) = get_origin(hint) is Required, get_args(hint)
    return Required[_known(hint)] if is_required else NotRequired[_known(hint)]
