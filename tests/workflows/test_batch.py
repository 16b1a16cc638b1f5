from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiopipe.errors import InputError
from audiopipe.settings import Settings
from audiopipe.workflows.batch import NAME, Batch, Manifest, Row, identity, read

# what the system gives for a name that is no UTF-8 among them
NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda n: n != "..")
AMOUNTS = st.floats(0, 1e9) | st.integers(0, 10**9)
ROWS = st.builds(
    Row,
    source=NAMES.map(lambda name: f"/in/{name}"),
    stem=NAMES,
    status=st.sampled_from(["pending", "done", "partial", "failed", "skipped"]),
    reason=st.text(),
    outputs=st.lists(NAMES).map(tuple),
    duration_s=st.none() | AMOUNTS,
    flags=st.integers(0),
    requests=st.integers(0),
    billed_s=AMOUNTS,
    cost_usd=st.none() | AMOUNTS,
    spent_usd=st.none() | AMOUNTS,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def rows(folder: Path) -> list[Row]:
    return list(read(folder).rows)


def kept(folder: Path, *rows: Row, settings: Settings | None = None) -> None:
    """A run that finished these rows."""
    with Manifest(folder, settings or Settings(), rows) as manifest:
        for row in rows:
            manifest.put(row)


@settings(max_examples=40)
@given(st.lists(ROWS, unique_by=lambda row: row.source))
def test_what_is_written_is_read_back_exactly(told: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept(Path(folder), *told)
        assert rows(Path(folder)) == told


@settings(max_examples=40)
@given(
    st.lists(ROWS, unique_by=lambda row: row.source),
    st.lists(ROWS, unique_by=lambda row: row.source),
)
def test_a_later_run_takes_the_place_of_its_own_rows_only(
    first: list[Row], second: list[Row]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept(Path(folder), *first)
        kept(Path(folder), *second)
        again = {row.source for row in second}
        assert rows(Path(folder)) == second + [row for row in first if row.source not in again]


def test_what_is_known_of_a_failure_stays_until_there_is_news(tmp_path: Path) -> None:
    failed = Row("/a", "a", "failed", "not a recording")
    kept(tmp_path, failed, Row("/b", "b", "done"))
    with Manifest(tmp_path, Settings(), [Row("/a", "a"), Row("/b", "b")]) as manifest:
        assert rows(tmp_path) == [failed, Row("/b", "b")]
        manifest.put(Row("/a", "a", "done"))
    assert rows(tmp_path) == [Row("/a", "a", "done"), Row("/b", "b")]


def test_two_runs_in_one_folder_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    one = Manifest(tmp_path, Settings(), [Row("/a", "a")])
    other = Manifest(tmp_path, Settings(), [Row("/b", "b")])
    with one, other:
        one.put(Row("/a", "a", "done"))
        other.put(Row("/b", "b", "done"))
    assert {row.source: row.status for row in rows(tmp_path)} == {"/a": "done", "/b": "done"}


def test_of_two_runs_with_the_same_input_the_later_news_stands(tmp_path: Path) -> None:
    moments = {"one": 10.0, "other": 20.0}
    row = Row("/a", "a")
    one = Manifest(tmp_path, Settings(), [row], lambda: moments["one"])
    other = Manifest(tmp_path, Settings(), [row], lambda: moments["other"])
    with other:
        with one:
            moments["one"] = 40.0
            one.put(Row("/a", "a", "done"))
        moments["other"] = 30.0
        other.put(Row("/a", "a", "failed", "an older word, written later"))
    assert rows(tmp_path) == [Row("/a", "a", "done")]
    with Manifest(tmp_path, Settings(), [row], lambda: 50.0) as later:
        later.put(Row("/a", "a", "failed"))
    assert rows(tmp_path) == [Row("/a", "a", "failed")]


RUN = """
import sys
from pathlib import Path
from audiopipe.settings import Settings
from audiopipe.workflows.batch import Manifest, Row
name = sys.argv[2]
rows = [Row(f"/{name}{n}", f"{name}{n}") for n in range(20)]
with Manifest(Path(sys.argv[1]), Settings(), rows) as manifest:
    for row in rows:
        manifest.put(Row(row.source, row.stem, "done"))
        manifest._save()
"""


def test_processes_that_write_at_the_same_time_lose_no_row(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    runs = [subprocess.Popen([*command, name]) for name in "abcd"]
    assert [run.wait() for run in runs] == [0] * 4
    assert read(tmp_path).counts["done"] == 80
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_record_of_the_first_version_is_read_and_one_of_a_later_is_read_as_far_as_known(
    tmp_path: Path,
) -> None:
    kept(tmp_path, Row("/a", "a", "done"))
    document = json.loads((tmp_path / NAME).read_text())
    del document["rows"][0]["at"]
    document["version"] = 1
    (tmp_path / NAME).write_text(json.dumps(document))
    assert rows(tmp_path) == [Row("/a", "a", "done")]
    document["rows"][0]["new"] = {"of": "a later version"}
    (tmp_path / NAME).write_text(json.dumps(document))
    assert rows(tmp_path) == [Row("/a", "a", "done")]


def test_news_is_in_the_file_while_the_run_still_works(tmp_path: Path) -> None:
    with Manifest(tmp_path, Settings(), [Row("/a", "a"), Row("/b", "b")]) as manifest:
        manifest.put(Row("/a", "a", "done"))
        manifest.put(Row("/b", "b", "failed"))
        while [row.status for row in rows(tmp_path)] != ["done", "failed"]:
            pass  # for ever, if it never comes


def test_ten_thousand_changes_are_a_handful_of_writes(tmp_path: Path) -> None:
    looks: list[float] = []

    def clock() -> float:
        looks.append(0.0)
        return 0.0

    pending = [Row(f"/{n}", str(n)) for n in range(10_000)]
    with Manifest(tmp_path, Settings(), pending, clock) as manifest:
        for n in range(10_000):
            manifest.put(Row(f"/{n}", str(n), "done"))
    assert len(looks) < 10_100  # one look for each piece of news, and two for a write
    assert read(tmp_path).counts["done"] == 10_000


def test_the_reason_why_a_run_stopped_is_kept_and_gone_after_the_next(tmp_path: Path) -> None:
    with Manifest(tmp_path, Settings(), []) as manifest:
        manifest.stop("the key was refused")
    assert read(tmp_path).stopped == "the key was refused"
    kept(tmp_path)
    assert read(tmp_path).stopped == ""


def test_the_time_of_the_beginning_stays_and_that_of_the_last_write_moves(tmp_path: Path) -> None:
    for now_s in (0.0, 60.0):
        with Manifest(tmp_path, Settings(), [], lambda: now_s):  # noqa: B023 - called at once
            pass
    batch = read(tmp_path)
    assert (batch.begun, batch.updated) == (
        "1970-01-01T00:00:00+00:00",
        "1970-01-01T00:01:00+00:00",
    )


def test_no_address_and_nothing_that_a_url_hides_is_written(tmp_path: Path) -> None:
    settings = Settings(base_url="https://me:secret@example.org/v1", language="de")
    source = identity("https://me:secret@example.org/a.mp3?signature=secret#secret")
    kept(tmp_path, Row(source, "a"), settings=settings)
    text = (tmp_path / NAME).read_text()
    assert "secret" not in text
    assert "https://example.org/a.mp3" in text
    assert read(tmp_path).settings["language"] == "de"


def test_sources_are_told_apart_by_what_is_not_written_of_them() -> None:
    one, other = (identity(f"https://example.org/get?id={n}") for n in (1, 2))
    assert one != other
    assert not Row(one, "x").is_whole
    plain = "https://example.org/a.mp3"
    assert identity(plain) == plain
    assert Row(plain, "x").is_whole


def test_a_file_is_the_same_wherever_a_run_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert identity("a.mp3") == identity(str(tmp_path / "x" / ".." / "a.mp3"))
    assert Row(identity("a#1.mp3"), "a").is_whole


def test_a_folder_without_a_batch_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no batch in"):
        read(tmp_path)
    with pytest.raises(InputError, match="no batch in"):
        read(tmp_path / "none")


@settings(max_examples=40)
@given(JSON.map(json.dumps) | st.text())
def test_another_file_of_that_name_is_refused_and_left_alone(content: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_text(content, "utf-8", "surrogatepass")
        before = path.read_bytes()
        with pytest.raises(InputError, match="not the record of a batch"):
            Manifest(Path(folder), Settings(), [])
        assert path.read_bytes() == before


@settings(max_examples=40)
@given(st.data())
def test_a_record_with_one_wrong_value_is_read_or_refused_with_one_line(
    data: st.DataObject,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept(Path(folder), Row("/a", "a", "done"))
        document = json.loads((Path(folder) / NAME).read_text())
        place = data.draw(st.sampled_from([document, document["settings"], document["rows"][0]]))
        place[data.draw(st.sampled_from(list(place)))] = data.draw(JSON)
        (Path(folder) / NAME).write_text(json.dumps(document))
        with suppress(InputError):
            assert isinstance(read(Path(folder)), Batch)


@pytest.mark.parametrize("stem", ["../x", "/x", "a/../../x"])
def test_a_row_that_leads_out_of_its_folder_is_refused(stem: str) -> None:
    with pytest.raises(ValueError, match="leads out"):
        Row("/a", stem)
