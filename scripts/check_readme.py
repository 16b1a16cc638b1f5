"""Run every command and snippet of the README and of the topics as a new user would.

The shell blocks run in a scratch folder that holds `recordings/`, `episode.mp3`, `talk.mp3`,
`notes.md`, `question.txt` and `settings.toml`; commands with a key go to a server on this machine
that behaves as Groq does. `make` targets are checked to exist: running them is the job of the one
who runs this script. Prints each block and its exit code; exits 1 if one fails.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.server import KEY, Server  # noqa: E402 - the path to it is set above

PAGES = [ROOT / "README.md", *sorted((ROOT / "audiopipe" / "help").glob("*.md"))]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of each fenced block."""
    yield from re.findall(r"^```(sh|python)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def runnable(language: str, block: str) -> list[str]:
    """The command that runs a block; setting up an environment is what the caller has done."""
    if language == "python":
        return [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", block]
    lines = [line for line in block.splitlines() if not re.match(r"python3 -m venv|pip ", line)]
    script = "\n".join(re.sub(r"^make ", f"make -n -C {ROOT} ", line) for line in lines)
    return ["bash", "-euc", script]


def main() -> int:
    """Run all blocks; 1 if any failed."""
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, Server() as server:
        recordings = ROOT / "fixtures" / "recordings"
        shutil.copytree(recordings, Path(scratch) / "recordings")
        shutil.copy(recordings / "reading.mp3", Path(scratch) / "episode.mp3")
        shutil.copy(recordings / "jfk.flac", Path(scratch) / "talk.mp3")
        (Path(scratch) / "settings.toml").write_text('language = "en"\n')
        (Path(scratch) / "notes.md").write_text("# Notes\n\nThe train leaves at 7:05.\n")
        (Path(scratch) / "question.txt").write_text("Which codec suits speech?\n")
        keyless = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
        keyless["AUDIOPIPE_CACHE_DIR"] = f"{scratch}/cache"
        keyless["PATH"] = f"{Path(sys.executable).parent}:{keyless['PATH']}"
        for language, block in blocks("\n".join(map(Path.read_text, PAGES))):
            environment = dict(keyless)
            if "GROQ_API_KEY" in block:
                environment |= {"AUDIOPIPE_BACKEND": "groq", "AUDIOPIPE_BASE_URL": server.url}
                block = block.replace("gsk_your_key", KEY)
            done = subprocess.run(
                runnable(language, block), cwd=scratch, env=environment, check=False
            )
            print(f"--- exit {done.returncode} ---\n{block}", flush=True)
            failed += done.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
