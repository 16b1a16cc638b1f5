from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"


def test_an_interrupted_batch_leaves_whole_files_and_goes_on_when_run_again(
    cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for n in range(6):
        shutil.copy(RECORDINGS / "jfk.flac", tmp_path / "in" / f"{n}.flac")
    command = [sys.executable, "-m", "audiopipe", "transcribe", "in", "-o", "out"]
    command += ["--backend", "local", "-m", "tiny.en", "-f", "txt,json", "-j", "1"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    running = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "out" / "0.json").exists():
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    written = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert not [name for name in written if name.endswith(".tmp")]
    again = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert len(after) == 12
    assert after["0.json"] == written["0.json"]
