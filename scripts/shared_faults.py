"""What nodes share goes wrong: Redis, the bucket, clocks, disks, shares and records.

python scripts/shared_faults.py                          all of them
python scripts/shared_faults.py redis-full flushed       some

    redis-full      Redis has no room for 5 s
    read-only       Redis is a replica for 5 s
    auth            the password is wrong
    tls             its certificate is of another authority
    moved           it is found at another port, by the same command with another address
    flushed         all that it holds is dropped while nodes work
    clock           the clock of a node is an hour fast (by faketime)
    slow-down       the bucket answers 503 SlowDown for 8 s
    denied          it answers 403 AccessDenied, then is well again
    gone            it answers 404 NoSuchBucket, then is well again
    ctrl-c          it answers 503 for ever, and Ctrl-C comes
    names           10,000 recordings in a bucket, with all sorts of names
    drivers         two commands at once on the same bucket
    disk            the disk of a node's temporary files is full (root alone)
    model           a node that lacks the model of the embedded engine
    shares          shares that are none; a record that lacks one, and one that has one twice

Each must end with all recordings done, by the same command begun again where it ended, and be asked
for once, beyond what was under way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import soundfile as sf
from cluster_faults import Process, Stage, free_port, main
from redis import Redis

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.namespaces import Link  # noqa: E402 - the path to it is set above
from support.redis import RedisServer  # noqa: E402
from support.s3 import S3Server  # noqa: E402
from support.speechlike import make_recording  # noqa: E402
from support.tls import authority  # noqa: E402

from audiopipe.store.objects import Bucket  # noqa: E402

COUNT = 16
OUT = "s3://bucket/out"
ODD = ("a b", "50%", "1+1", "ä", "日本", "a'b", "a&b=c", "#1", "q?", "[x]", "~", "é" * 60, "a..b")


def redis_full(stack: ExitStack) -> None:
    """Nothing more can be written."""
    stage, nodes, redis = begun(stack)
    redis.config_set("maxmemory", 1)
    time.sleep(5)
    redis.config_set("maxmemory", 0)
    told(stage, "redis-full", nodes)


def read_only(stack: ExitStack) -> None:
    """It follows another, which is not there."""
    stage, nodes, redis = begun(stack)
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
    time.sleep(5)
    redis.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
    told(stage, "read-only", nodes)


def auth(stack: ExitStack) -> None:
    """It wants a password, in the middle of a run."""
    stage, nodes, redis = begun(stack)
    redis.config_set("requirepass", "right")
    Redis.from_url(stage.redis.address, password="right").client_kill_filter(_type="normal")
    told(stage, "auth", nodes)
    Redis.from_url(stage.redis.address, password="right").config_set("requirepass", "")
    told(stage, "auth, again", stage.shares())


def tls(stack: ExitStack) -> None:
    """The certificate is of an authority that nobody knows, then of one that the address names."""
    stage = Stage(stack, count=COUNT, latency_s=0.5)
    trusted, _ = authority(stage.folder)
    port, own = free_port(), str(stage.folder / "server.pem")
    files = ("--tls-cert-file", own, "--tls-key-file", own, "--tls-ca-cert-file", str(trusted))
    server = ("redis-server", "--port", "0", "--tls-port", str(port), *files)
    quiet = ("--tls-auth-clients", "no", "--save", "", "--loglevel", "warning")
    redis = subprocess.Popen([*server, *quiet], cwd=stage.folder, stdout=subprocess.DEVNULL)
    stack.callback(redis.wait)
    stack.callback(redis.kill)
    place = f"rediss://127.0.0.1:{port}/0"
    told(stage, "tls, unknown", stage.shares(more=("--ledger", place)))
    known = ("--ledger", f"{place}?ssl_ca_certs={trusted}")
    told(stage, "tls, known", stage.shares(more=known))


def moved(stack: ExitStack) -> None:
    """Another takes over what it knows, at another port."""
    stage, nodes, _ = begun(stack)
    (stage.folder / "second").mkdir()
    second = stack.enter_context(RedisServer(stage.folder / "second"))
    follower = Redis.from_url(second.address)
    follower.execute_command("REPLICAOF", "127.0.0.1", stage.redis.port)  # type: ignore[no-untyped-call]
    until_s = time.monotonic() + 20
    while follower.info("replication")["master_link_status"] != "up" and time.monotonic() < until_s:
        time.sleep(0.05)
    busy = stage.server.busy
    stage.redis.stop()
    follower.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
    time.sleep(2)
    for each in nodes:
        os.kill(each.pid, signal.SIGINT)
    told(stage, "moved, Ctrl-C", nodes, busy)
    told(stage, "moved, again", stage.shares(more=("--ledger", second.address)))


def flushed(stack: ExitStack) -> None:
    """Levels, places and leases are gone."""
    stage, nodes, redis = begun(stack)
    redis.flushall()
    told(stage, "flushed", nodes)


def clock(stack: ExitStack) -> None:
    """Of one node of two."""
    for what in ("+1h", "-1h"):
        with ExitStack() as inner:
            stage = Stage(inner, count=COUNT, rpm=40)
            first = stage.transcribe("--share", "1/2")
            stage.within = ["faketime", "-f", what]
            told(stage, f"clock {what}", [first, stage.transcribe("--share", "2/2")])


def slow_down(stack: ExitStack) -> None:
    """Too many requests, says the bucket."""
    broken(stack, "slow-down", (503, "SlowDown"))


def denied(stack: ExitStack) -> None:
    """The key is not allowed any more."""
    broken(stack, "denied", (403, "AccessDenied"))


def gone(stack: ExitStack) -> None:
    """There is no bucket any more."""
    broken(stack, "gone", (404, "NoSuchBucket"))


def broken(stack: ExitStack, what: str, fault: tuple[int, str]) -> None:
    """Recordings, results and answers are in a bucket that goes wrong for 8 s."""
    stage, store = in_bucket(stack)
    nodes = stage.shares(out=OUT)
    stage.wait_for(6)
    busy, store.fault = stage.server.busy, fault
    time.sleep(8)  # shorter than it is waited for
    store.fault = None
    told(stage, what, nodes, busy)
    told(stage, f"{what}, again", stage.shares(out=OUT))


def ctrl_c(stack: ExitStack) -> None:
    """The bucket answers 503 for ever, and Ctrl-C comes."""
    stage, store = in_bucket(stack)
    run = stage.transcribe(out=OUT)
    stage.wait_for(4)
    busy, store.fault = stage.server.busy, (503, "SlowDown")
    time.sleep(3)
    os.kill(run.pid, signal.SIGINT)
    began_s, codes = time.monotonic(), stage.ended([run])
    store.fault = None
    stage.told(f"ctrl-c, {time.monotonic() - began_s:.0f} s", codes, busy)
    told(stage, "ctrl-c, again", stage.shares(out=OUT))


def drivers(stack: ExitStack) -> None:
    """Both do all of it."""
    stage, _ = in_bucket(stack)
    told(stage, "drivers", [stage.transcribe(out=OUT) for _ in range(2)])


def names(stack: ExitStack) -> None:
    """All listed, planned and told apart; some are transcribed."""
    stage, store = in_bucket(stack, count=0)
    talk = stage.folder / "talk.flac"
    sf.write(talk, make_recording(6), 16_000)
    bucket = Bucket("s3://bucket")
    keys = [f"many/{each}/{n}.flac" for n in range(10_000 // len(ODD)) for each in ODD]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: bucket.write(key, talk.read_bytes()), keys))
    store.calls.clear()
    began_s = time.monotonic()
    plan = stage.begin("audiopipe", "plan", "s3://bucket/many/", "--backend", "groq")
    print(f"names: plan of {len(keys)}: exit codes {stage.ended([plan])}")
    print(f"    {time.monotonic() - began_s:.1f} s, {len(store.calls)} requests of the bucket")
    few = [f"s3://bucket/many/{each}/0.flac" for each in ODD]
    shared = ("--cache-dir", "s3://bucket/answers", *stage.limits)
    run = ("audiopipe", "transcribe", *few, "-o", "s3://bucket/out", "-f", "json", *shared)
    codes = stage.ended([stage.begin(*run)])
    made = [each.path for each in bucket.entries("out") if each.path.endswith("0.json")]
    print(f"names: {len(made)} of {len(ODD)} done, exit codes {codes}", *made[:3], sep="\n    ")


def disk(stack: ExitStack) -> None:
    """Recordings in a bucket are spooled to a disk of 8 KB."""
    stage, _ = in_bucket(stack)
    small = stage.folder / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", small], check=True)
    stack.callback(lambda: subprocess.run(["umount", "-l", small], check=True))
    first = stage.transcribe("--share", "1/2", out=OUT)
    stage.environment["TMPDIR"] = str(small)
    told(stage, "disk", [first, stage.transcribe("--share", "2/2", out=OUT)])
    del stage.environment["TMPDIR"]
    told(stage, "disk, again", stage.shares(out=OUT))


def model(stack: ExitStack) -> None:
    """One node of two has it, and the other cannot fetch it."""
    stage = Stage(stack, count=4)
    stage.environment |= {"HF_HUB_OFFLINE": "1", "AUDIOPIPE_BACKEND": "local"}
    first = stage.transcribe("--share", "1/2", "-m", "tiny.en")
    told(stage, "model", [first, stage.transcribe("--share", "2/2", "-m", "small.en")])
    told(stage, "model, again", stage.shares(more=("-m", "tiny.en")))


def shares(stack: ExitStack) -> None:
    """Usage errors before any work; records that lack a share or have it twice."""
    stage = Stage(stack, count=COUNT, latency_s=0.1)
    for odd in ("0/3", "4/3", "a/b", "1/0", "-1/3", "1.5/3", "1/3/3", "1"):
        print(f"shares: {odd}: exit codes {stage.ended([stage.transcribe('--share', odd)])}")
    told(stage, "shares, 1/1", [stage.transcribe("--share", "1/1")])
    parts = [stage.transcribe("--share", f"{k}/3", out=f"part-{k}") for k in (1, 2, 3)]
    print(f"shares: of three {stage.ended(parts)}, {len(stage.server.seen)} requests")
    for given in (("part-1", "part-2", "part-2"), ("part-1", "lacking"), ("part-1", "part-3")):
        made = stage.begin("audiopipe", "merge", *given, "-o", "all")
        codes = stage.ended([made])
        print(f"shares: merge {given}: {codes}, {len(list((stage.folder / 'all').glob('*.json')))}")


def begun(stack: ExitStack) -> tuple[Stage, list[Process], Redis]:
    """Two nodes at work, and the Redis that they share."""
    stage = Stage(stack, count=COUNT, latency_s=0.5)
    nodes = stage.shares()
    stage.wait_for(4)
    return stage, nodes, Redis.from_url(stage.redis.address)


class InBucket(Stage):
    """All is in a bucket."""

    place = "s3://bucket/talks/"

    def transcribe(self, *more: str, out: str = OUT, link: Link | None = None) -> Process:
        shared = ("--ledger", self.redis.address, "--cache-dir", "s3://bucket/answers")
        run = ("audiopipe", "transcribe", self.place, "-o", out, "-f", "json", *shared)
        return self.begin(*run, *self.limits, *more, link=link)

    def results(self) -> int:
        made = Bucket("s3://bucket").entries("out")
        return sum(each.path[-5:] == ".json" and each.path[4:6].isdigit() for each in made)


def in_bucket(stack: ExitStack, count: int = COUNT) -> tuple[InBucket, S3Server]:
    """With its recordings."""
    store = stack.enter_context(S3Server())
    os.environ.update(store.environment)
    stage, bucket = InBucket(stack, count=count, latency_s=0.5), Bucket("s3://bucket")
    for each in (stage.folder / "talks").glob("*"):
        bucket.write(f"talks/{each.name}", each.read_bytes())
    return stage, store


def told(stage: Stage, what: str, nodes: list[Process], busy: int = 0) -> None:
    began_s = time.monotonic()
    codes = stage.ended(nodes)
    stage.told(f"{what}, {time.monotonic() - began_s:.0f} s", codes, busy)


WAYS: dict[str, Callable[[ExitStack], None]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(redis_full, read_only, auth, tls, moved, flushed, clock, slow_down, denied, gone),
        *(ctrl_c, names, drivers, disk, model, shares),
    )
}


if __name__ == "__main__":
    main(WAYS, __doc__)
