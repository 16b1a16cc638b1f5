"""Command lines whose disk is full from some request on, and the same again once there is room."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from support import killing
from support.answers import Answer, Seen
from support.forked import Case, Forks

PLACES = ("out", "cache", "tmp", "all")
"""What is on the disk that fills: results, kept answers, temporary files, or everything."""

COMMANDS: Mapping[str, Sequence[str]] = {
    **killing.COMMANDS,
    "translate": ("translate", "talks", "-o", "out", *killing.CUT),
    "prepare": ("prepare", "talks", "-o", "out", *killing.CUT[:-1]),
    "render": ("render", *killing.TOLD, "-o", "out", "-f", "srt,vtt,json"),
}
_SIZE = "48m"


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system of its own, which can be filled to the last byte."""

    folder: Path

    def fill(self, left_bytes: int = 0) -> None:
        """Leave so many bytes, in whole pages."""
        with (self.folder / ".ballast").open("ab", buffering=0) as file, suppress(OSError):
            while (free := shutil.disk_usage(self.folder).free - left_bytes) > 0:
                file.write(bytes(min(free, 1 << 20)))

    def free(self) -> None:
        """Give all of it back."""
        (self.folder / ".ballast").unlink(missing_ok=True)


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """A small file system at a folder.

    Raises:
        PermissionError: nobody but root may have one.
    """
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PermissionError(errno.EPERM, done.stderr.strip())
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


class Filling(killing.Watched):
    """Fills a disk when so many requests have come, before it answers the last of them."""

    def __init__(self, full: Disk, at: int, left_bytes: int) -> None:
        super().__init__()
        self._full, self._at, self._left_bytes = full, at, left_bytes

    def answer(self, seen: Seen) -> Answer:
        if len(self.seen) == self._at:
            self._full.fill(self._left_bytes)
        return super().answer(seen)


def faults(
    name: str, folder: Path, place: str, at: int, forks: Forks, left_bytes: int = 0
) -> Iterator[str]:
    """What is wrong with a command whose disk fills at a request, and with the same after it.

    Args:
        name: of `COMMANDS`.
        folder: holds what `killing.prepare` makes, and no results.
        place: of `PLACES`.
        at: request, from 1; 0 fills it before the start.
        forks: start the commands.
        left_bytes: that stay free.
    """
    homes = {each: folder / each for each in PLACES[:3]}
    with disk(homes.get(place, folder / "disk")) as full, Filling(full, at, left_bytes) as server:
        if place == "all":
            homes = {each: full.folder / each for each in PLACES[:3]}
        for home in homes.values():
            home.mkdir(exist_ok=True)
        if not at:
            full.fill(left_bytes)
        code, said = _run(name, folder, homes, server, forks)
        answered = [asked for asked, _ in server.log]
        yield from _of_failure(code, said)
        if left := list(homes["out"].rglob(".audiopipe-*")):
            yield f"left over: {left}"
        full.free()
        code_then, said_then = _run(name, folder, homes, server, forks)
        if code_then:
            yield f"with room, exit code {code_then}: {said_then[-300:]}"
        later = {asked for asked, _ in server.log[len(answered) :]}
        if code and (lost := later.intersection(answered)):
            yield f"{len(lost)} of {len(answered)} answers were lost: {said[-300:]}"
        for home in homes.values():
            shutil.rmtree(home, ignore_errors=True)


def _of_failure(code: int, said: str) -> Iterator[str]:
    if "defect" in said or "Traceback" in said:
        yield f"a defect: {said[-300:]}"
    if code not in (0, 1, 3):
        yield f"exit code {code}: {said[-300:]}"
    if code and not re.search("No space|has room", said.splitlines()[-1]):
        yield f"the last line does not tell why: {said[-500:]}"


def _run(
    name: str, folder: Path, homes: Mapping[str, Path], server: killing.Watched, forks: Forks
) -> tuple[int, str]:
    """Exit code of a command, and what it says."""
    environment = {**os.environ, **server.as_groq}
    environment |= {"AUDIOPIPE_CACHE_DIR": str(homes["cache"]), "TMPDIR": str(homes["tmp"])}
    environment |= {"AUDIOPIPE_WORKERS": "2", "AUDIOPIPE_LIMITS": "rpm=none,tpm=none,ash=none"}
    words = (re.sub("^out", str(homes["out"]), word) for word in COMMANDS[name])
    code = forks.run(Case(tuple(words), environment, str(folder), str(folder)))
    return code, (folder / "stderr").read_text()
