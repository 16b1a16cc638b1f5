"""Bytes of a reply to text and JSON: strict, and bounded in depth."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from audiopipe.errors import BadReply
from audiopipe.text.clean import one_line

_DEEPEST = 64
"""Levels of lists and objects inside one another; answers have five."""

_CHARSETS = re.compile(
    r"utf|ascii|latin|iso|cp\d|windows|mac|koi8|big5|gb|hz|shift|sjis|euc|ksc|johab|tis"
)
"""Names of what encodes text: Python knows others, such as zip and rot13."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def text_of(content: bytes, content_type: str = "") -> str:
    """The text of a body: by its mark, else by the charset that is named, else UTF-8.

    Raises:
        BadReply: it is not of that charset.
    """
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], charset)
    named = re.search(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", content_type, re.IGNORECASE)
    if named and _CHARSETS.match(named[1].lower()) and _is_known(named[1]):
        return _decoded(content, named[1])
    return _decoded(content, "utf-8")


def lossy_text_of(content: bytes, content_type: str = "") -> str:
    """The same for messages: what cannot be decoded is replaced."""
    try:
        return text_of(content, content_type)
    except BadReply:
        return content.decode("utf-8", "replace")


def words_in(text: str, most: int = 150) -> str:
    """What a reply says, for messages: on one line, without markup, unless that is all."""
    plain = re.sub(r"<(style|script)\b.*?</\1>|<[^<>]*>", " ", text[:8000], flags=re.S)
    return one_line(plain, most) or one_line(text, most)


def json_of(content: bytes | str) -> Any:
    """What JSON says.

    Raises:
        BadReply: it is not JSON (`NaN` and `Infinity` are not), or nested deeper than any answer.
    """
    try:
        text = content if isinstance(content, str) else text_of(content)
        body = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        shown = content if isinstance(content, str) else lossy_text_of(content[:8000])
        raise BadReply(f"the reply is not JSON: {words_in(shown, 60)!r}") from error
    level: list[Any] = [body]
    for _ in range(_DEEPEST):
        level = [each for container in level for each in _inside(container)]
        if not level:
            return body
    raise BadReply(f"the reply is nested more than {_DEEPEST} levels deep")


def _inside(value: Any) -> Iterable[Any]:
    """The lists and objects in a list or an object."""
    if not isinstance(value, list | dict):
        return ()
    items = value.values() if isinstance(value, dict) else value
    return (item for item in items if isinstance(item, list | dict))


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except (ValueError, LookupError) as error:
        raise BadReply(f"the text is not {charset}, as it is said to be") from error


def _is_known(charset: str) -> bool:
    try:
        codecs.lookup(charset)
    except LookupError:
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def number_of(raw: object) -> float | None:
    """A finite number; some write numbers as text."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
