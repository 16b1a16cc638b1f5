from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.forked import Case, Forks

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def audiopipe(
    forks: Forks, cache: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """The command line in a process of its own, with no key, in an empty folder."""

    def run(
        *arguments: object, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        keyless = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
        words, streams = tuple(map(str, arguments)), tmp_path_factory.mktemp("streams")
        (streams / "stdin").write_bytes(stdin)
        case = Case(
            words,
            {**keyless, "XDG_CACHE_HOME": str(cache), **environment},
            str(tmp_path),
            str(streams),
        )
        code = forks.run(case)
        out, err = ((streams / name).read_bytes().decode() for name in ("stdout", "stderr"))
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(["audiopipe", *words], code, out, err)

    return run
