"""A Redis of the test's own, where the program is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T", bound=Callable[..., object])

needs_redis = [
    pytest.mark.needs_redis,
    pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed"),
]


def with_redis(test: T) -> T:
    """A test that is skipped where there is none."""
    made: T = needs_redis[0](needs_redis[1](test))
    return made


class RedisServer:
    """`redis-server` on a free port, its data in a folder. A context that ends it.

    Args:
        folder: of its data, which outlives it.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self._folder, self._host = folder, host
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"redis://{self._host}:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", self._host]
        command += ["--dir", str(self._folder), "--save", "", "--appendonly", "yes"]
        command += ["--protected-mode", "no"]  # as it may be asked from a namespace
        self._process = subprocess.Popen(
            [*command, "--loglevel", "warning"], stdout=subprocess.DEVNULL
        )
        until_s = time.monotonic() + 20
        while time.monotonic() < until_s:
            try:
                with socket.create_connection((self._host, self.port), timeout=1) as line:
                    line.sendall(b"PING\r\n")
                    if line.recv(5) == b"+PONG":
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise TimeoutError("redis-server did not start")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
