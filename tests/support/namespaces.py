"""A network of its own for a node, with one link to here that can be cut: for root on Linux."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """Attributes:
    space: name of the namespace.
    host: address of this side.
    name: of this side's device.
    """

    space: str
    host: str
    name: str

    def within(self, *command: str) -> list[str]:
        """A command that runs there."""
        return ["ip", "netns", "exec", self.space, *command]

    def cut(self) -> None:
        """No packet passes any more."""
        _ip("link", "set", self.name, "down")

    def join(self) -> None:
        """They pass again."""
        _ip("link", "set", self.name, "up")


def can_be_had() -> bool:
    """Whether this user may make one."""
    if not shutil.which("ip") or os.geteuid() != 0:
        return False
    probe = f"ap-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return made.returncode == 0


@contextmanager
def namespace() -> Iterator[Link]:
    """One, and its link to here; both are gone afterwards."""
    number = os.getpid()
    net = f"10.93.{number // 250 % 250}"
    low = number % 125 * 2  # several processes may have one
    link = Link(f"ap-{number}", f"{net}.{low}", f"ap{number}a")
    other, theirs = f"{net}.{low + 1}", f"ap{number}b"
    _ip("netns", "add", link.space)
    try:
        _ip("link", "add", link.name, "type", "veth", "peer", "name", theirs)
        _ip("link", "set", theirs, "netns", link.space)
        _ip("addr", "add", f"{link.host}/31", "dev", link.name)
        link.join()
        within = ("-n", link.space)
        _ip(*within, "addr", "add", f"{other}/31", "dev", theirs)
        _ip(*within, "link", "set", theirs, "up")
        _ip(*within, "link", "set", "lo", "up")
        yield link
    finally:
        _ip("netns", "del", link.space)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
