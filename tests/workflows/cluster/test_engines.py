"""What every engine must do; each test with each engine that is installed."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest
import soundfile as sf
from support.answers import error
from support.server import Server
from support.speechlike import make_recording, text

from audiopipe.cli.due import in_order
from audiopipe.concurrency import Died, Executor, Stop
from audiopipe.engines import open_engine
from audiopipe.engines.spread import spread
from audiopipe.errors import AuthError, LimitReached, Stopped
from audiopipe.render import load
from audiopipe.settings import Settings
from audiopipe.values.events import Event, Heard
from audiopipe.workflows.cluster.driver import transcribe_on
from audiopipe.workflows.inputs import Item

TESTS = str(Path(__file__).parents[2])


def installed(engine: str) -> object:
    library = {"dask": "distributed", "ray": "ray"}.get(engine, "os")
    missing = importlib.util.find_spec(library) is None
    mark = pytest.mark.skipif(missing, reason=f"{library} is not installed")
    return pytest.param(engine, marks=mark)


@pytest.fixture(
    scope="module", params=[installed(each) for each in ("threads", "processes", "dask", "ray")]
)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with pytest.MonkeyPatch.context() as patch:
        # workers find what the tests give them
        patch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("GROQ_API_KEY", "gsk_0123456789abcdefTESTtestTEST")
        with open_engine(request.param, Settings(slots=2)) as made:
            yield made


@pytest.fixture
def items(tmp_path: Path) -> dict[Item, float | None]:
    found: dict[Item, float | None] = {}
    for n in range(5):
        path = tmp_path / f"{n}.flac"
        sf.write(path, make_recording(8 + n, first=20 * n), 16_000)
        found[Item(str(path), path.stem)] = (8 + n) / 2
    return found


def told_to(server: Server, tmp_path: Path, **more: object) -> Settings:
    made = Settings(
        backend="groq",
        base_url=server.url,
        output_dir=str(tmp_path / "out"),
        cache_dir=str(tmp_path / "cache"),
        output_formats=("json",),
        voice_check=False,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_results_rows_and_events_of_all_nodes_arrive(
    executor: Executor, server: Server, items: dict[Item, float | None], tmp_path: Path
) -> None:
    heard: list[tuple[Event, str]] = []

    def hear(event: Event, worker: str) -> None:
        heard.append((event, worker))

    (tmp_path / "3.flac").write_bytes(b"no recording")
    settings = told_to(server, tmp_path)
    rows = {
        row.stem: row for row in transcribe_on(executor, items, settings, hear=hear, stop=Stop())
    }
    assert {stem: row.status for stem, row in rows.items()} == {
        **dict.fromkeys("0124", "done"),
        "3": "failed",
    }
    assert load(tmp_path / "out" / "2.json").text == text(range(40, 50))
    assert sum(row.requests for row in rows.values()) == len(server.accepted) == 4
    until_s = time.monotonic() + 20
    while (told := sum(isinstance(each, Heard) for each, _ in heard)) < 4:
        assert time.monotonic() < until_s, told
        time.sleep(0.05)
    assert told == 4
    again = transcribe_on(executor, items, settings, hear=hear, stop=Stop())
    assert len(list(again)) == 5
    assert len(server.accepted) == 4


def test_a_long_recording_tells_of_its_parts_while_it_is_under_way(
    executor: Executor, tmp_path: Path
) -> None:
    path = tmp_path / "long.flac"
    sf.write(path, make_recording(30), 16_000)
    told, asked, in_time = threading.Event(), threading.Lock(), []

    def latency(audio_s: float) -> float:
        if not asked.acquire(blocking=False):  # the second answer waits for news of the first
            in_time.append(told.wait(60))
        return 0.0

    with Server(latency=latency) as server:
        settings = told_to(server, tmp_path, chunk_length_s=10, overlap_s=2, workers=1)
        item = Item(str(path), "long")
        rows = transcribe_on(
            executor, {item: 15.0}, settings, hear=lambda *_: told.set(), stop=Stop()
        )
        assert [row.status for row in rows] == ["done"]
    assert in_time == [True] * len(in_time) != []


# a request costs $0.000111: 10 s at the least, of the cheapest model
@pytest.mark.parametrize("bound", [{"max_requests": 2}, {"max_cost_usd": 2.5e-4}])
def test_bounds_hold_over_all_nodes(
    executor: Executor,
    server: Server,
    items: dict[Item, float | None],
    tmp_path: Path,
    bound: dict[str, float],
) -> None:
    settings = told_to(server, tmp_path, **bound)
    with pytest.raises(LimitReached):
        list(transcribe_on(executor, items, settings, hear=lambda *_: None, stop=Stop()))
    assert len(server.accepted) <= 2


def test_what_makes_all_pointless_ends_the_run(
    executor: Executor, server: Server, items: dict[Item, float | None], tmp_path: Path
) -> None:
    server.faults.extend([error(401, "Invalid API Key", code="invalid_api_key")] * 50)
    with pytest.raises(AuthError):
        settings = told_to(server, tmp_path)
        list(transcribe_on(executor, items, settings, hear=lambda *_: None, stop=Stop()))


def test_a_stop_ends_the_run_soon_and_nothing_is_asked_again(
    executor: Executor, items: dict[Item, float | None], tmp_path: Path
) -> None:
    with Server(latency=lambda audio_s: 0.3) as server:
        settings, stop = told_to(server, tmp_path), Stop()
        Timer(0.8, stop.set).start()
        began_s = time.monotonic()
        with pytest.raises(Stopped):
            list(transcribe_on(executor, items, settings, hear=lambda *_: None, stop=stop))
            raise Stopped("all was done before")
        assert time.monotonic() - began_s < 10
        time.sleep(1.5)  # what was under way ends
        rows = list(transcribe_on(executor, items, settings, hear=lambda *_: None, stop=Stop()))
        assert {row.status for row in rows} == {"done"}
        assert len(server.accepted) == 5


def killing(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_what_kills_its_process_costs_no_other(executor: Executor) -> None:
    if type(executor).__name__ == "Threads":
        pytest.skip("threads have one process")
    given = dict(spread(executor, killing, range(8), Stop()))
    assert sorted(given) == list(range(8))
    assert isinstance(given[3].exception(), Died)
    assert [given[n].result() for n in range(8) if n != 3] == [0, 1, 2, 4, 5, 6, 7]


def test_no_more_than_twice_the_slots_are_begun(executor: Executor) -> None:
    taken: list[int] = []
    done = spread(executor, abs, (taken.append(n) or n for n in range(40)), Stop())  # type: ignore[func-returns-value]
    next(done)
    assert len(taken) <= 4  # of two slots, whoever is there just now
    assert len(list(done)) == 39


def test_long_ones_first_unless_a_limit_binds() -> None:
    items = {Item(name, name): s for name, s in (("a", 5.0), ("b", None), ("c", 60.0))}
    assert [each.source for each in in_order(items, is_limited=False)] == ["c", "a", "b"]
    assert [each.source for each in in_order(items, is_limited=True)] == ["a", "c", "b"]
