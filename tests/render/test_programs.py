"""What programs that people open our files with make of them; without one its test is left out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from audiopipe.render import content, render
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript, Word

WORDS = (Word(Span(1.0, 1.4), " Guten"), Word(Span(1.5, 2.4), " Tag & Nacht <3."))
TOLD = Transcript(
    Source("talk.wav", "", 60.0),
    "transcribe",
    "de",
    (Segment(Span(1.0, 2.4), " Guten Tag & Nacht <3.", WORDS, speaker="Ann"),),
)


@pytest.mark.needs_ffmpeg
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="the ffmpeg program is not installed")
def test_libass_shows_the_words_while_they_are_spoken(tmp_path: Path) -> None:
    (tmp_path / "talk.ass").write_text(render(TOLD, "ass"))
    command = "ffmpeg -v error -nostdin -f lavfi -i color=black:s=320x180:r=4:d=4 -vf ass=talk.ass"
    done = subprocess.run(
        [*command.split(), "-c:v", "ffv1", "talk.mkv"], cwd=tmp_path, capture_output=True, text=True
    )
    if "No such filter" in done.stderr:
        pytest.skip("this ffmpeg is built without libass")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "talk.mkv")) as video:
        bright = [int(np.max(frame.to_ndarray(format="gray"))) for frame in video.decode(video=0)]
    shown_s = [n / 4 for n, light in enumerate(bright) if light > 100]
    assert shown_s == [1.0, 1.25, 1.5, 1.75, 2.0, 2.25]


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_opens_the_document(tmp_path: Path) -> None:
    (tmp_path / "talk.docx").write_bytes(bytes(content(TOLD, "docx")))  # type: ignore[arg-type]
    where = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", where, "--headless", "--convert-to", "txt:Text (encoded):UTF8"]
    done = subprocess.run([*command, "talk.docx"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "talk.txt").read_text("utf-8-sig").splitlines()
    assert lines == ["talk.wav", "00:01:00 · German", "00:00:01 Ann: Guten Tag & Nacht <3."]
