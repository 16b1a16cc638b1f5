"""A gateway in a process of its own, in front of a server that answers as Groq does."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

import httpx
import soundfile as sf

from support import speechlike
from support.server import Server

USUAL = ("--chunk-length", "20", "--overlap", "4", "--no-voice-check", "--fetch", "any")
UNLIMITED = ("--limit", "rpm=none,rpd=none,ash=none,asd=none")
_PATIENCE_S = 30.0


class Gateway:
    """`audiopipe serve` from `with Gateway(upstream, folder) as gateway:` on.

    Args:
        upstream: does the work.
        folder: of its state and its cache.
        flags: of the command line, besides `USUAL`.
        environment: variables.

    Attributes:
        url: root of its API, without `/v1`.
        lines: what it wrote to stderr.
    """

    def __init__(self, upstream: Server, folder: Path, *flags: str, **environment: str) -> None:
        self.folder = folder
        own = {"AUDIOPIPE_CACHE_DIR": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
        self._environment = {**os.environ, **upstream.as_groq, **own, **environment}
        self._command = [sys.executable, "-m", "audiopipe", "serve", "--port", "0", *USUAL]
        self._command += [
            "--state-dir",
            str(folder / "state"),
            *(flags if "--limit" in flags else (*UNLIMITED, *flags)),
        ]
        self.lines: list[str] = []
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, env=self._environment, stderr=subprocess.PIPE, text=True
        )
        listening = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(listening,), daemon=True)
        self._reader.start()
        listening.wait(_PATIENCE_S)
        if not self.url:
            self.__exit__()
            raise AssertionError(self.lines)
        transport = httpx.HTTPTransport(retries=5, verify=False)
        with httpx.Client(transport=transport, timeout=_PATIENCE_S) as client:
            client.get(f"{self.url}/health")
        return self

    def __exit__(self, *error: object) -> None:
        self.end(signal.SIGTERM)
        self._reader.join()
        assert self.process is not None
        assert self.process.stderr is not None
        self.process.stderr.close()

    def end(self, number: int) -> int:
        """End it by a signal; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE_S)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """Its answer to a POST."""
        return httpx.post(f"{self.url}{path}", timeout=_PATIENCE_S, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Its answer to a GET."""
        return httpx.get(f"{self.url}{path}", timeout=_PATIENCE_S, **more)

    def wait_for(self, text: str) -> str:
        """The first line of its log with a text in it."""
        until_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until_s:
            if found := next((line for line in self.lines if text in line), None):
                return found
            time.sleep(0.02)
        raise AssertionError(self.lines)

    @property
    def uploads(self) -> list[str]:
        """Files that stay in its spool: the end of a job is told a moment before its file goes."""
        until_s = time.monotonic() + _PATIENCE_S
        while True:
            left = [path.name for path in (self.folder / "state" / "uploads").iterdir()]
            if not left or time.monotonic() > until_s:
                return left
            time.sleep(0.02)

    def _read(self, listening: threading.Event) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if found := re.search(r"listening at (\S+)/v1", line):
                self.url = found[1]
                listening.set()
        listening.set()


def flac(words: int, first: int = 0) -> bytes:
    """A recording of so many words."""
    file = io.BytesIO()
    sf.write(file, speechlike.make_recording(words, first=first), 16_000, format="FLAC")
    return file.getvalue()
