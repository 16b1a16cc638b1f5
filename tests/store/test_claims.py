from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from audiopipe.errors import Stopped
from audiopipe.store.answers import Store
from audiopipe.store.claims import Claims

A, B = b"\1" * 32, b"\2" * 32

HOLD = """
import sys, time
from pathlib import Path
from audiopipe.store.claims import Claims
with Claims(Path(sys.argv[1])).on(bytes.fromhex(sys.argv[2])):
    print("held", flush=True)
    {then}
    sys.stdin.readline()
"""


def holder(path: Path, name: bytes, then: str = "") -> subprocess.Popen[str]:
    """A process that holds a claim until it reads a line."""
    command = [sys.executable, "-c", HOLD.format(then=then), str(path), name.hex()]
    made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None
    assert made.stdout.readline() == "held\n"
    return made


def is_free(path: Path, name: bytes) -> bool:
    def impatient(seconds: float) -> None:
        raise Stopped("waited")

    try:
        with Claims(path).on(name, impatient):
            return True
    except Stopped:
        return False


def test_a_claim_of_another_process_is_waited_for(tmp_path: Path) -> None:
    with holder(tmp_path / "claims", A) as other:
        assert not is_free(tmp_path / "claims", A)
        assert is_free(tmp_path / "claims", B)
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                assert other.stdin is not None
                other.stdin.write("\n")
                other.stdin.flush()
            time.sleep(seconds)

        with Claims(tmp_path / "claims").on(A, wait):
            assert len(waits) >= 3


def test_a_claim_dies_with_its_process(tmp_path: Path) -> None:
    with holder(tmp_path / "claims", A) as other:
        other.kill()
        other.wait()
        assert is_free(tmp_path / "claims", A)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_claim_dies_with_its_process_though_a_forked_child_lives_on(tmp_path: Path) -> None:
    then = "import os; pid = os.fork() or time.sleep(60); print(pid, flush=True)"
    with holder(tmp_path / "claims", A, then) as other:
        assert other.stdout is not None
        child = int(other.stdout.readline())
        other.kill()
        other.wait()
        try:
            assert is_free(tmp_path / "claims", A)
            os.kill(child, 0)  # it lives
        finally:
            os.kill(child, 9)


def test_threads_and_other_objects_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "claims", 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with Claims(path).on(A):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.005)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert is_free(path, A)


def test_giving_one_claim_up_keeps_the_others_of_the_process(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from audiopipe.store.claims import Claims
path = Path(sys.argv[1])
with Claims(path).on(b"\\1" * 32):
    with Claims(path).on(b"\\2" * 32):
        pass
    print("held", flush=True)
    sys.stdin.readline()
"""
    command = [sys.executable, "-c", code, str(tmp_path / "claims")]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert not is_free(tmp_path / "claims", A)
        assert is_free(tmp_path / "claims", B)
        other.kill()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no /proc here")
def test_many_claims_take_one_file_handle_and_none_when_all_are_given_up(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    claims = [Claims(tmp_path / "claims").on(bytes([n]) * 32) for n in range(200)]
    for claim in claims:
        claim.__enter__()
    assert len(os.listdir("/proc/self/fd")) == before + 1  # noqa: PTH208
    for claim in claims:
        claim.__exit__(None, None, None)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_where_no_file_can_be_locked_threads_still_wait_and_one_warning_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.joinpath("file").touch()
    claims = Claims(tmp_path / "file" / "claims")
    with claims.on(A), claims.on(B):
        assert not is_free(tmp_path / "file" / "claims", A)
    warnings = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len([each for each in warnings if "cannot be locked" in each.message]) == 1


ASK = """
import sys, time
from pathlib import Path
from audiopipe.store.answers import Store
def ask():
    print("asking", flush=True)
    if len(sys.argv) > 2:
        sys.stdin.readline()
    return b"an answer"
with Store(Path(sys.argv[1])) as store:
    print(store.answer(b"\\1" * 32, "transcript", ask, bytes.decode), flush=True)
"""


def asker(path: Path, *slow: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ASK, str(path), *slow]
    return subprocess.Popen(command, stdin=-1, stdout=-1, text=True)


def test_a_waiting_process_takes_the_answer_of_the_other(tmp_path: Path) -> None:
    with asker(tmp_path / "answers", "slow") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "asking\n"
        with asker(tmp_path / "answers") as second:
            time.sleep(0.3)
            assert second.poll() is None
            assert first.communicate("\n")[0] == "('an answer', False)\n"
            assert second.communicate()[0] == "('an answer', True)\n"


def test_a_waiting_process_asks_itself_when_the_other_is_killed(tmp_path: Path) -> None:
    with asker(tmp_path / "answers", "slow") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "asking\n"
        with asker(tmp_path / "answers") as second:
            time.sleep(0.3)
            first.kill()
            assert second.communicate()[0] == "asking\n('an answer', False)\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_parent_and_child_of_a_fork_share_a_store_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "answers"
    with Store(path) as store:
        store.put(A, "transcript", b"before")
        child = os.fork()
        if not child:
            store.put(B, "transcript", b"by the child")
            os._exit(0 if store.get(A) == b"before" else 1)
        assert os.waitpid(child, 0)[1] == 0
    with Store(path) as store:
        assert store.get(B) == b"by the child"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_what_a_child_writes_after_its_parent_has_closed_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "answers"
    reading, writing = os.pipe()
    with Store(path) as store:
        child = os.fork()
        if not child:
            store.put(A, "transcript", b"opened")  # the child's own connection stands
            os.read(reading, 1)
            store.put(B, "transcript", b"late")
            os._exit(0)
        while store.get(A) is None:
            time.sleep(0.01)
    os.write(writing, b"1")  # closed: with no lock of the child, the log would have been deleted
    assert os.waitpid(child, 0)[1] == 0
    with Store(path) as store:
        assert store.get(B) == b"late"
