"""stdin, stdout and stderr, whatever the shell has made of them.

A descriptor that the shell has closed is opened on the null device, the wrong way round: else the
next file that is opened would take its place, and what a library writes to stderr would end up in
it. What a stream's encoding lacks is escaped, keys and passwords are left out, and no control
character reaches a terminal.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import BinaryIO, TextIO

from audiopipe.errors import OutputError, UnreadableInput
from audiopipe.text.redaction import secrets_of, without_all_secrets, without_secrets

_ESCAPES = "audiopipe.escapes"

_UNSEEN = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029])
"""Marks that show what follows in another order or place, such as a name's ending before it."""
_SHOWN = {
    code: f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}" for code in _UNSEEN | _TURNING
}
_KEPT_LAYOUT = {code: shown for code, shown in _SHOWN.items() if code not in (0x09, 0x0A)}


class ReaderGone(OutputError):
    """Nobody reads stdout any more, as behind `| head`: no reason for a word."""


def take_over() -> None:
    """Make the three streams of the process safe to use; those of a test or a notebook stay."""
    codecs.register_error(_ESCAPES, _escaped)
    for descriptor in (0, 1, 2):
        _hold(descriptor)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stdout = _taken(sys.stdout, 1, _Stdout)
    sys.stderr = _taken(sys.stderr, 2, _Stderr)


def put(text: str, end: str = "\n") -> None:
    """Write a result, or a piece of one, to stdout.

    Raises:
        OutputError: it cannot be written.
    """
    sys.stdout.write(text + end)
    sys.stdout.flush()


def put_whole(result: str | bytes) -> None:
    """Write a result to stdout: text with one line end behind it, bytes as they are.

    Raises:
        OutputError: it cannot be written.
    """
    if isinstance(result, str):
        put(result, "" if result.endswith("\n") else "\n")
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise _unwritten(error) from error


def stdin() -> BinaryIO:
    """The bytes of stdin.

    Raises:
        UnreadableInput: it is closed.
    """
    try:
        os.read(sys.stdin.fileno(), 0)
    except io.UnsupportedOperation:
        pass  # one that a test or a notebook has put there has no number
    except OSError as error:
        raise UnreadableInput(f"cannot read stdin: {_reason(error)}") from error
    return sys.stdin.buffer


def read_stdin() -> str:
    """All of stdin as text.

    Raises:
        UnreadableInput: it is closed, or no text in UTF-8.
    """
    try:
        return stdin().read().decode("utf-8-sig")
    except OSError as error:
        raise UnreadableInput(f"cannot read stdin: {_reason(error)}") from error
    except UnicodeDecodeError as error:
        raise UnreadableInput("stdin is no text in UTF-8: convert it first") from error


def on_one_line(text: str) -> str:
    """The text with an escape for each character that a terminal would obey rather than show."""
    return text.translate(_SHOWN)


def on_lines(text: str) -> str:
    """As `on_one_line`, for text that has lines and tabs of its own."""
    return text.translate(_KEPT_LAYOUT)


def close_stdout() -> None:
    """Write what is held back, and let Python find nothing left to write at its exit.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        sys.stdout.flush()
    except OutputError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise


class _Stdout(io.TextIOWrapper):
    """Tells in our own words that nothing can be written."""

    def write(self, text: str) -> int:
        clean = without_secrets(text, secrets_of(os.environ))
        try:
            return super().write(on_lines(clean) if self.isatty() else clean)
        except OSError as error:
            raise _unwritten(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise _unwritten(error) from error


class _Stderr(io.TextIOWrapper):
    """Goes on where nobody listens any more: the work is what counts."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            super().write(without_all_secrets(text, secrets_of(os.environ, sys.argv)))
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def _taken(stream: TextIO | None, descriptor: int, kind: type[io.TextIOWrapper]) -> TextIO:
    if stream is None:
        closed = open(descriptor, "wb", closefd=False)  # noqa: SIM115 - a number, for good
        return kind(closed, "utf-8", _ESCAPES, write_through=True)
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding, by_line, at_once = stream.encoding, stream.line_buffering, stream.write_through
    return kind(stream.detach(), encoding, _ESCAPES, None, by_line, at_once)


def _hold(descriptor: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        # the lowest free number is this one
        os.open(os.devnull, os.O_WRONLY if descriptor == 0 else os.O_RDONLY)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What the encoding lacks, as JSON spells it: in a result of JSON nothing is lost."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


def _unwritten(error: OSError) -> OutputError:
    if error.errno in (errno.EPIPE, errno.ESHUTDOWN):
        return ReaderGone("nobody reads stdout any more")
    return OutputError(f"cannot write to stdout: {_reason(error)}")


def _reason(error: OSError) -> str:
    return "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
