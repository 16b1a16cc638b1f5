"""Secrets, kept out of every message, whatever form a server gives them back in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from audiopipe.errors import BackendError, InvalidAnswer
from audiopipe.text.clean import one_line, printable
from audiopipe.text.redaction import HIDDEN, without_secrets

_LEAST = 4
"""Characters of a secret: a shorter one would be found in half of all words."""

_TELLING = 10
"""So many characters of a key's beginning tell it apart: servers and cuts leave such halves."""


class Secrets:
    """What must not be shown: a key, and what stands in an address.

    Args:
        key: the API key; "" for none.
        base_url: its user, password and the values of its query are secrets too.
    """

    def __init__(self, key: str, base_url: str = "") -> None:
        self._whole = tuple(each for each in _all(key, base_url) if len(each) >= _LEAST)
        begin = key[:_TELLING] if len(key) >= 2 * _TELLING else ""
        self._half = re.compile(re.escape(begin) + r"[\w\-./+=~]*") if begin else None

    def hidden(self, text: str) -> str:
        """The text with stars in place of secrets, however they are spelled."""
        text = without_secrets(text, self._whole)
        return self._half.sub(HIDDEN, text) if self._half else text

    def safe(self, error: BackendError) -> BackendError:
        """The same error: its message one line that shows no secret and moves no cursor."""
        error.args = (one_line(self.hidden(str(error)), 2000), *error.args[1:])
        if isinstance(error, InvalidAnswer):
            error.answer = self.hidden(printable(error.answer))
        return error


def _all(key: str, base_url: str) -> Iterator[str]:
    yield key
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    yield password
    if user and password:
        yield f"{user}:{password}"
    for part in parts.query.split("&"):
        name, _, value = part.partition("=")
        if re.search(r"key|token|sig|secret|auth|pass", name, re.IGNORECASE):
            yield unquote(value)
