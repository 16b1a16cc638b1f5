from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from support.podcasts import File, Host, feed, item

Run = Callable[..., "CompletedProcess[str]"]


def test_episodes_are_told_a_line_each_and_exit_codes_tell_how_it_went(
    audiopipe: Run, tmp_path: Path
) -> None:
    with Host() as host:
        host.files["/a.mp3"] = File(b"a" * 100)
        host.files["/feed.xml"] = feed(item(1, "One", "/a.mp3") + item(2, "Two", "/none.mp3"))
        url = f"{host.url}/feed.xml"
        listed = audiopipe("fetch", url, "-o", "pods", "--dry-run")
        assert (listed.returncode, listed.stdout) == (0, "One\nTwo\n")
        assert not (tmp_path / "pods").exists()
        done = audiopipe("fetch", url, f"{host.url}/none.xml", "-o", "pods")
        assert done.returncode == 3 and done.stdout == "", done.stderr
        lines = done.stderr.splitlines()
        assert lines[0] == "audiopipe: pods/The Show/2026-01-01 One.mp3"
        assert "/none.mp3: 404" in lines[1] and "1 new of 2 episodes" in lines[2]
        assert audiopipe("fetch", f"{host.url}/none.xml").returncode == 1
