"""Whole runs against a server that holds limits, errs, is overloaded, or dies."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import soundfile as sf
from support import speechlike
from support.forked import Case, Forks
from support.server import KEY, Server

import audiopipe
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.errors import AuthError, ServerDown
from audiopipe.limits.rules import MARGIN, Limits

TURBO = "whisper-large-v3-turbo"
NO_LIMITS = Limits()


def speak(folder: Path, n_files: int, n_words: int, first: int = 0) -> list[Path]:
    """Recordings that all say something else."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03}.flac" for number in range(n_files)]
    for number, path in enumerate(paths):
        samples = speechlike.make_recording(n_words, first=first + number * n_words)
        sf.write(path, samples, 16_000)
    return paths


def groq(server: Server, attempts: int = 12, key: str = KEY) -> Groq:
    retry = Retry(attempts=attempts, base_s=0.01)
    return Groq(api_key=key, base_url=server.url, limits=NO_LIMITS, retry=retry)


def heard(outcomes: list[audiopipe.Outcome]) -> str:
    """All that was said; nothing may be lost."""
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    transcripts = [outcome.transcript for outcome in outcomes if outcome.transcript]
    assert [transcript.failures for transcript in transcripts] == [()] * len(outcomes)
    return " ".join(transcript.text for transcript in transcripts)


def test_with_a_fifth_of_the_answers_faulty_every_chunk_arrives_once(tmp_path: Path) -> None:
    files = speak(tmp_path, n_files=4, n_words=160)
    with Server(fault_rate=0.2) as server, groq(server) as backend:
        run = audiopipe.transcribe_many(files, backend=backend, chunk_length_s=6.0, overlap_s=1.0)
        outcomes = list(run)
    assert heard(outcomes) == speechlike.text(range(4 * 160))
    assert set(Counter(seen.audio for seen in server.accepted).values()) == {1}
    chunks = len(server.accepted)
    assert len(server.seen) > 1.1 * chunks > 60
    assert sum(outcome.spent.requests for outcome in outcomes) == chunks
    planned_s = 4 * 80 + 1 * (chunks - 4)
    assert sum(seen.audio_s for seen in server.accepted) == pytest.approx(planned_s)


# many processes, one allowance


def run_together(server: Server, folders: list[Path], limits: list[str], forks: Forks) -> None:
    """One process for each folder, all with the same key and the same ledger."""
    environment = {**os.environ, **server.as_groq}
    unlimited = [f"{name}=none" for name in ("rpm", "rpd", "ash", "asd")]
    flags = [part for limit in unlimited + limits for part in ("--limit", limit)]
    running = []
    for folder in folders:
        words = (str(folder), "-o", f"{folder}.out", "-f", "txt", "-q", *flags)
        (streams := Path(f"{folder}.said")).mkdir()
        command = ("transcribe", "--no-voice-check", *words)
        running.append(forks.begin(Case(command, environment, str(folder), str(streams))))
    assert [process.wait() for process in running] == [0] * len(folders)


def test_four_processes_use_all_requests_of_a_minute_and_none_is_refused(
    tmp_path: Path, forks: Forks
) -> None:
    rpm, files = 60, 16  # four more than a minute's
    folders = [tmp_path / str(n) for n in range(4)]
    for number, folder in enumerate(folders):
        speak(folder, files, n_words=2, first=number * files * 2)
    with Server(limits=Limits(rpm=rpm)) as server:
        run_together(server, folders, [f"rpm={rpm}"], forks)
    assert server.refused == []
    allowed = rpm * (1 + (server.seen[-1].at_s - server.seen[0].at_s) / 60)
    assert 0.95 * allowed <= len(server.accepted) == 4 * files <= allowed


def test_four_processes_learn_how_much_audio_is_left_and_use_what_comes_back(
    tmp_path: Path, forks: Forks
) -> None:
    ash, files, seconds = 43_200, 8, 5
    folders = [tmp_path / str(n) for n in range(5)]
    for number, folder in enumerate(folders):
        speak(folder, files if number else 1, 2 * seconds, first=number * 2 * files * seconds)
    with Server(limits=Limits(ash=ash)) as server:
        began_s = server.clock()
        server.quota(TURBO).buckets["ash"].use(ash * (1 - MARGIN))
        run_together(server, folders[:1], [f"ash={ash}"], forks)
        run_together(server, folders[1:], [f"ash={ash}"], forks)
    assert server.refused == []
    came_back_s = (server.seen[-1].at_s - began_s) * ash / 3600
    assert 0.95 * came_back_s <= sum(seen.audio_s for seen in server.accepted) <= came_back_s + 1
    assert len(server.accepted) == 1 + 4 * files


# what nobody told, is too large, too slow, or gone


def test_a_limit_that_nobody_told_is_learned_from_its_first_refusals(tmp_path: Path) -> None:
    files = speak(tmp_path, n_files=20, n_words=2)
    with Server(limits=Limits(rpm=120)) as server, groq(server) as backend:
        server.quota(TURBO).buckets["rpm"].use(110)
        outcomes = list(audiopipe.transcribe_many(files, backend=backend))
    assert heard(outcomes) == speechlike.text(range(2 * 20))
    assert 0 < len(server.refused) <= backend.workers


@pytest.mark.parametrize("refusal", ["too-long", "too-large"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_chunk_that_is_refused_as_too_much_is_cut_smaller_and_none_of_it_is_lost(
    tmp_path: Path, refusal: str, times: int
) -> None:
    files = speak(tmp_path, n_files=1, n_words=120)
    with Server() as server, groq(server) as backend:
        server.faults += [refusal] * times
        outcomes = list(audiopipe.transcribe_many(files, backend=backend))
    assert heard(outcomes) == speechlike.text(range(120))
    # the second refusal teaches what size is too large, also for the half that was not sent yet
    learned = refusal == "too-large" and times == 2
    assert (len(server.refused), len(server.accepted)) == (times, times + 1 + learned)


def test_an_overloaded_server_gets_every_chunk_through_with_few_refusals(tmp_path: Path) -> None:
    files = speak(tmp_path, n_files=60, n_words=4)
    with Server(latency=lambda audio_s: 0.1, capacity=3) as server, groq(server) as backend:
        outcomes = list(audiopipe.transcribe_many(files, backend=backend))
    assert heard(outcomes) == speechlike.text(range(60 * 4))
    assert len(server.seen) < 1.5 * 60


def test_a_bad_key_stops_the_run_at_the_first_requests(tmp_path: Path) -> None:
    files = speak(tmp_path, n_files=60, n_words=2)
    with Server() as server, groq(server, key="gsk_wrong") as backend:
        with pytest.raises(AuthError, match="check the API key"):
            list(audiopipe.transcribe_many(files, backend=backend))
        assert len(server.seen) <= backend.workers


def test_a_server_that_dies_stops_the_run_and_what_had_arrived_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    files = speak(tmp_path, n_files=60, n_words=2)
    with Server() as server:
        server.faults += [None] * 20 + ["cut-headers"] * 1000
        with groq(server, attempts=3) as backend, pytest.raises(ServerDown, match="goes on"):
            list(audiopipe.transcribe_many(files, backend=backend))
        assert len(server.seen) <= 20 + 3 * backend.workers
        server.faults.clear()
        with groq(server) as backend:
            outcomes = list(audiopipe.transcribe_many(files, backend=backend))
    assert heard(outcomes) == speechlike.text(range(120))
    assert len(server.accepted) == 60


def test_a_server_that_is_not_there_stops_the_run_at_once(tmp_path: Path) -> None:
    files = speak(tmp_path, n_files=60, n_words=2)
    with Server() as server:
        pass
    with groq(server, attempts=2) as backend, pytest.raises(ServerDown, match="cannot connect"):
        list(audiopipe.transcribe_many(files, backend=backend))
