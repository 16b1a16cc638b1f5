"""What the decoder process does: reads one file after another, within its means.

The bounds are the kernel's, which need no thread of ours that a decoder could keep from running.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from audiopipe.audio.reading.isolation.means import MOST_BYTES, OVERTIME, use_of
from audiopipe.audio.reading.isolation.slots import Writer
from audiopipe.audio.reading.isolation.wire import Gone, Link, Place, Request
from audiopipe.audio.reading.readers import chapter_marks, open_reader, written_tags
from audiopipe.audio.reading.torn import hear_complaints
from audiopipe.errors import InputError, UnreadableInput

_MOST_BYTES = 4 * MOST_BYTES
"""Of memory, whether it is in use or only asked for; what is in use is watched by our parent."""

_TIRED_BYTES = 256 << 20
"""Who holds so much leaves after the file: what leaks, or is kept for reuse, goes with it."""

_WORK_S, _WORK_S_PER_BYTE = 8.0, 1e-6
"""Time of the processor for one block, and more by the size of the file: a reader that begins again
behind damage decodes all that was given already, 100 s of sound in a second."""


def main(memory: int, freed: int) -> None:
    """Serve the line on standard input until it ends; the rest is for `Writer`."""
    # What was imported stays: looking through it for garbage takes a tenth of the start.
    gc.freeze()
    gc.enable()
    _bound()
    hear_complaints()
    link, ring = Link(socket.socket(fileno=0)), Writer(memory, freed)
    with suppress(Gone):
        link.send({"ready": True})
        while not _is_tired():
            facts, descriptor = link.receive_with_file()
            if descriptor is None or not isinstance(facts, dict):
                continue  # the end of a file that is closed already
            request = Request(**facts)
            with open(descriptor, "rb", buffering=0) as file, _told(link, request.name):  # noqa: PTH123
                _serve(link, ring, file, request)
            signal.setitimer(signal.ITIMER_PROF, 0)


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))
    with suppress(OSError):
        # where memory is short, it goes before anybody else does
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    signal.signal(OVERTIME, signal.SIG_DFL)


def _is_tired() -> bool:
    # not the peak that the system keeps for a process: that of our parent is counted in it
    _, held_bytes = use_of(os.getpid())
    return held_bytes > _TIRED_BYTES


@contextmanager
def _told(link: Link, name: str) -> Iterator[None]:
    """Whatever goes wrong with a file is an answer."""
    try:
        yield
        return
    except Gone:  # there is nobody to be told
        raise
    except InputError as error:
        kind, message = type(error).__name__, str(error)
    except MemoryError:
        kind, message = "", f"{name} takes more than {_MOST_BYTES >> 20} MB of memory to read"
    except OSError as error:
        kind, message = "", f"cannot read {name}: {error.strerror or error}"
    except Exception as error:  # noqa: BLE001 - a defect of a reader, or of a library, costs one file
        kind, message = "", f"{name} cannot be read: {type(error).__name__}: {error}"
    link.send({"error": kind or UnreadableInput.__name__, "message": message})


def _serve(link: Link, ring: Writer, file: IO[bytes], request: Request) -> None:
    work_s = _WORK_S + _WORK_S_PER_BYTE * file.seek(0, os.SEEK_END)
    file.seek(0)
    signal.setitimer(signal.ITIMER_PROF, work_s)
    if request.what == "chapters":
        link.send({"chapters": chapter_marks(file, request.name)})
        return
    if request.what == "tags":
        link.send({"tags": written_tags(file, request.name)})
        return
    with open_reader(file, request.name, request.track, request.raw) as recording:
        facts = ("rate_hz", "channels", "duration_s", "notes")
        link.send({fact: getattr(recording, fact) for fact in facts})
        asked = link.receive()
        if not isinstance(asked, dict) or asked["what"] != "blocks":
            return
        places: list[Place] = []
        try:
            for planes in recording.planes():
                signal.setitimer(signal.ITIMER_PROF, work_s)
                for place in ring.put(planes):
                    places.append(place)
                    if len(places) >= asked["together"]:
                        link.point(places)
                        places.clear()
        finally:
            link.point(places)  # also before an error is told
        losses = [(loss.span.start_s, loss.span.end_s, loss.reason) for loss in recording.losses]
        link.send({"notes": recording.notes, "losses": losses})
