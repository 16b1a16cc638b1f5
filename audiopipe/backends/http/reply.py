"""What a server answered, as it came and as what it may be taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audiopipe.backends.wire.decode import json_of, lossy_text_of, text_of


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered.

    Attributes:
        status: HTTP status code.
        headers: by lower-case name.
        content: the body, unpacked, bounded in length.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_good(self) -> bool:
        """Whether the status is a success of any kind."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """Lower case, without parameters; "" where none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, in its charset; for messages: what cannot be decoded is replaced."""
        return lossy_text_of(self.content, self.headers.get("content-type", ""))

    def exact_text(self) -> str:
        """The body as text, in its charset.

        Raises:
            BadReply: it is not of that charset.
        """
        return text_of(self.content, self.headers.get("content-type", ""))

    def json(self) -> Any:
        """The body decoded.

        Raises:
            BadReply: it is not JSON, or only the beginning of it.
        """
        return json_of(self.exact_text())
