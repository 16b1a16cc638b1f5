"""One object for all: pickled, forked, threaded, awaited."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray
from support import speechlike
from support.server import Server
from support.speechlike import Heard

import audiopipe
from audiopipe.concurrency import Stop
from audiopipe.errors import Stopped, UnreadableInput, UsageError
from audiopipe.render import render
from audiopipe.session import Session

SHORT: dict[str, Any] = {"chunk_length_s": 20.0, "overlap_s": 4.0, "voice_check": False}


@pytest.fixture
def session(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    for name, value in server.as_groq.items():
        monkeypatch.setenv(name, value)
    with Session(**SHORT) as session:
        yield session


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eight, each with its own words."""
    folder = tmp_path_factory.mktemp("recordings")
    paths = [folder / f"{n}.flac" for n in range(8)]
    for n, path in enumerate(paths):
        sf.write(path, speechlike.make_recording(40 + n), 16_000)
    return paths


def said(words: int) -> str:
    return speechlike.text(range(words))


def test_eight_threads_share_a_session(session: Session, recordings: list[Path]) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = [each.text for each in pool.map(session.transcribe, recordings)]
    assert texts == [said(40 + n) for n in range(8)]


def test_a_session_opens_one_backend_and_one_store_for_all_threads(session: Session) -> None:
    with ThreadPoolExecutor(8) as pool:
        backends = set(pool.map(lambda _: id(session.transcriber), range(32)))
        stores = set(pool.map(lambda _: id(session.derive(language="de").store), range(32)))
    assert len(backends) == len(stores) == 1
    assert session.derive(backend="local").transcriber is not session.transcriber
    assert session.derive(timeout_s=5.0).transcriber is not session.transcriber


def test_a_pickled_session_gives_the_same_bytes_in_another_process(
    session: Session, recordings: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "session").write_bytes(pickle.dumps(session))
    code = (
        "import pickle, sys\n"
        "from pathlib import Path\n"
        "from audiopipe.render import render\n"
        "with pickle.loads(Path(sys.argv[1]).read_bytes()) as session:\n"
        "    sys.stdout.write(render(session.transcribe(sys.argv[2]), 'json'))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "session"), str(recordings[0])]
    there = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    here = render(session.transcribe(str(recordings[0])), "json")
    assert there == here


def test_a_forked_child_hears_its_own_file(session: Session, recordings: list[Path]) -> None:
    assert session.transcribe(recordings[0]).text == said(40)
    children = []
    for n in range(1, 5):
        reader, writer = os.pipe()
        if not (child := os.fork()):
            os.write(writer, session.transcribe(recordings[n]).text.encode())
            os._exit(0)
        os.close(writer)
        children.append((child, reader, n))
    assert session.transcribe(recordings[5]).text == said(45)
    for child, reader, n in children:
        with os.fdopen(reader, "rb") as pipe:
            assert pipe.read().decode() == said(40 + n)
        os.waitpid(child, 0)


def test_calls_change_settings_for_themselves_alone(
    session: Session, server: Server, recordings: list[Path]
) -> None:
    session.transcribe(recordings[0], language="de")
    session.transcribe(recordings[0])
    asked = [seen.fields.get("language") for seen in server.seen]
    assert asked.count(["de"]) == asked.count(None) == len(asked) / 2


def test_what_a_session_may_spend_holds_for_all_its_calls(
    server: Server, session: Session, recordings: list[Path]
) -> None:
    with Session(**SHORT, max_requests=4) as poor, pytest.raises(audiopipe.LimitReached):
        for path in recordings:
            poor.transcribe(path)
    assert len(server.seen) <= 4


def test_the_running_loop_is_free_while_recordings_are_awaited(
    session: Session, recordings: list[Path]
) -> None:
    async def texts() -> list[str]:
        one, *_ = await asyncio.gather(session.atranscribe(recordings[0]), asyncio.sleep(0))
        outcomes = session.atranscribe_many(recordings[1:4])
        return [one.text, *[outcome.result().text async for outcome in outcomes]]

    assert asyncio.run(texts()) == [said(40), said(41), said(42), said(43)]


def test_a_cancelled_task_ends_its_work_and_not_the_session(
    session: Session, server: Server, recordings: list[Path]
) -> None:
    asked, go_on, hear = threading.Event(), threading.Event(), server.hear

    def slowly(samples: NDArray[np.float32], rate_hz: int) -> list[Heard]:
        asked.set()
        return hear(samples, rate_hz) if go_on.wait(60) else []

    server.hear = slowly

    async def cancelled() -> None:
        task = asyncio.create_task(session.atranscribe(recordings[0], workers=1))
        await asyncio.to_thread(asked.wait)
        task.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert session.transcribe(recordings[0]).text == said(40)


def test_a_stop_ends_all_calls(session: Session, recordings: list[Path]) -> None:
    stop = Stop()
    stop.set()
    with Session(**SHORT, stop=stop) as stopped, pytest.raises(Stopped):
        stopped.transcribe(recordings[0])


@pytest.mark.parametrize(
    "source", [None, [1, 2], {"a": 1}, 7, object()], ids=lambda it: type(it).__name__
)
def test_what_is_no_recording_is_one_input_that_cannot_be_used(
    session: Session, recordings: list[Path], source: object
) -> None:
    bad, good = session.transcribe_many([source, recordings[0]])
    assert isinstance(bad.error, UnreadableInput)
    assert good.result().text == said(40)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind_are_a_recording(
    session: Session, recordings: list[Path], kind: type
) -> None:
    assert session.transcribe(kind(recordings[0].read_bytes())).text == said(40)


def test_a_backend_may_be_named(recordings: list[Path]) -> None:
    with pytest.raises(
        UsageError, match="backend cannot be 'nobody': choose from auto, groq, openai"
    ):
        audiopipe.transcribe(recordings[0], backend="nobody")


def test_public_names_are_listed() -> None:
    assert {"Session", "transcribe", "load", "save", "Transcriber", "Usage"} <= {*dir(audiopipe)}
    assert {*audiopipe.__all__} <= {*dir(audiopipe)}
