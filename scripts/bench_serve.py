"""What the gateway adds to the library, and what it bears.

python scripts/bench_serve.py [overhead|uploads|gigabyte|turns|beside ...]

overhead   a request against a call of the library, answers in the store: their ratio
uploads    200 uploads at once
gigabyte   memory of the server while 1 GiB is uploaded
turns      20 clients, each an address of its own, at rpm=20: who waits how long
beside     the same requests to the gateway and to LiteLLM's proxy, before the same upstream; its
           command is named by LITELLM, else found in PATH (pip install 'litellm[proxy]')

Upstream is a server in this process that answers as Groq does.
"""

from __future__ import annotations

import io
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.gateway import Gateway, flac
from support.server import KEY, Server

from audiopipe.limits.rules import Limits
from audiopipe.session import Session

PATH = "/v1/audio/transcriptions"
RPM, CLIENTS, ASKED = 20, 20, 3
LONG_BYTES = 60_000_000
PATIENCE_S = 300


def overhead(folder: Path) -> None:
    """Time of a request and of a call, in turn, the same recordings for both."""
    recordings = [folder / f"{n}.flac" for n in range(20)]
    for n, path in enumerate(recordings):
        path.write_bytes(flac(60, first=100 * n))
    with Server() as upstream, Gateway(upstream, folder) as gateway:
        backend: dict[str, Any] = {
            "backend": "groq",
            "base_url": upstream.url,
            "voice_check": False,
        }
        cut: dict[str, Any] = {
            "chunk_length_s": 20.0,
            "overlap_s": 4.0,
            "cache_dir": str(folder / "cache"),
        }
        os.environ["GROQ_API_KEY"] = KEY
        limits = ("rpm=none", "rpd=none", "ash=none", "asd=none")
        with Session(limits=limits, **backend, **cut) as session, httpx.Client() as client:
            for path in recordings:
                session.transcribe(path)

            def ask(path: Path) -> None:
                url, file = f"{gateway.url}{PATH}", {"file": ("a.flac", path.read_bytes())}
                client.post(url, files=file, timeout=60).raise_for_status()

            ask(recordings[0])
            called, asked = [], []
            for path in recordings * 2:
                called.append(seconds(partial(session.transcribe, path)))
                asked.append(seconds(partial(ask, path)))
    call_s, ask_s = statistics.median(called), statistics.median(asked)
    print(
        f"overhead: call {call_s * 1000:.1f} ms, request {ask_s * 1000:.1f} ms, "
        f"ratio {ask_s / call_s:.2f}"
    )


def uploads(folder: Path) -> None:
    """All at once, each its own recording."""
    recordings = [flac(6, first=7 * n) for n in range(200)]
    with (
        Server() as upstream,
        Gateway(upstream, folder) as gateway,
        ThreadPoolExecutor(200) as pool,
    ):

        def ask(data: bytes) -> int:
            file = {"file": ("a.flac", data)}
            return httpx.post(f"{gateway.url}{PATH}", files=file, timeout=300).status_code

        began_s = time.monotonic()
        statuses = list(pool.map(ask, recordings))
        took_s = time.monotonic() - began_s
        print(
            f"uploads: {statuses.count(200)} of {len(statuses)} answered in {took_s:.1f} s, "
            f"peak {peak_mb(gateway):.0f} MB"
        )


def gigabyte(folder: Path) -> None:
    """What is no recording: refused when it is whole."""

    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        for _ in range(1024):
            yield bytes(1 << 20)
        yield b"\r\n--b--\r\n"

    with Server() as upstream, Gateway(upstream, folder) as gateway:
        headers = {"content-type": "multipart/form-data; boundary=b"}
        before_mb, began_s = peak_mb(gateway), time.monotonic()
        reply = httpx.post(f"{gateway.url}{PATH}", content=body(), headers=headers, timeout=600)
        print(
            f"gigabyte: {reply.status_code} after {time.monotonic() - began_s:.1f} s, "
            f"peak {peak_mb(gateway):.0f} MB, {before_mb:.0f} MB before"
        )


def turns(folder: Path) -> None:
    """Each asks for its next recording when it has the last."""
    upstream = Server(limits=Limits(rpm=RPM))
    with upstream, Gateway(upstream, folder, "--limit", f"rpm={RPM}", "--hold", "60") as gateway:

        def ask(number: int) -> float:
            transport = httpx.HTTPTransport(local_address=f"127.0.0.{number + 2}")
            began_s = time.monotonic()
            with httpx.Client(transport=transport, timeout=900) as client:
                for n in range(ASKED):
                    file = {"file": ("a.flac", flac(4, first=number * 100 + n * 10))}
                    client.post(f"{gateway.url}{PATH}", files=file).raise_for_status()
            return time.monotonic() - began_s

        with ThreadPoolExecutor(CLIENTS) as pool:
            waits_s = list(pool.map(ask, range(CLIENTS)))
        mean_s = statistics.mean(waits_s)
        print(
            f"turns: {CLIENTS} clients, {ASKED} recordings each, {len(upstream.refused)} refused "
            f"upstream, mean {mean_s:.1f} s, longest {max(waits_s):.1f} s, "
            f"ratio {max(waits_s) / mean_s:.2f}"
        )


def beside(folder: Path) -> None:
    """Small recordings one by one, the same again, many at once, and one above upstream's limit."""
    command = os.environ.get("LITELLM") or which("litellm")
    if not command:
        print("beside: left out, as there is no litellm here")
        return
    with Server() as upstream, Gateway(upstream, folder) as gateway:
        assert gateway.process
        compared("audiopipe", gateway.url, gateway.process.pid, upstream)
    with Server() as upstream, rival(command, upstream, folder) as (url, pid):
        compared("litellm", url, pid, upstream)


@contextmanager
def rival(command: str, upstream: Server, folder: Path) -> Iterator[tuple[str, int]]:
    """Address and process of LiteLLM's proxy."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {"model": "openai/whisper-large-v3-turbo", "api_base": upstream.url, "api_key": KEY}
    mode = {"mode": "audio_transcription"}
    model = {"model_name": "whisper-1", "litellm_params": told, "model_info": mode}
    (folder / "rival.yaml").write_text(json.dumps({"model_list": [model]}))  # JSON is YAML
    run = [command, "--config", str(folder / "rival.yaml"), "--port", str(port)]
    keyless = {"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
    process = subprocess.Popen(
        run, env=os.environ | keyless, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until_s = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < until_s:
            with suppress(httpx.TransportError):
                if httpx.get(f"{url}/health/liveliness", timeout=10).is_success:
                    break
            time.sleep(0.5)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait()


def compared(name: str, url: str, pid: int, upstream: Server) -> None:
    """A line about a server."""
    recordings = [flac(60, first=100 * n) for n in range(20)]
    crowd = [flac(6, first=7 * n) for n in range(100)]

    def ask(data: bytes) -> int:
        file, form = {"file": ("a.flac", data)}, {"model": "whisper-1"}
        return httpx.post(f"{url}{PATH}", files=file, data=form, timeout=300).status_code

    ask(recordings[0])
    first_s = statistics.median(seconds(partial(ask, data)) for data in recordings[1:])
    asked = len(upstream.seen)
    again_s = statistics.median(seconds(partial(ask, data)) for data in recordings[1:])
    again = len(upstream.seen) - asked
    began_s = time.monotonic()
    with ThreadPoolExecutor(len(crowd)) as pool:
        answered = list(pool.map(ask, crowd)).count(200)
    crowd_s = time.monotonic() - began_s
    long = ask(wav_header(LONG_BYTES) + bytes(LONG_BYTES))
    print(
        f"beside: {name}: a request {first_s * 1000:.0f} ms, again {again_s * 1000:.0f} ms "
        f"({again} asked upstream), {answered} of {len(crowd)} at once in {crowd_s:.1f} s, "
        f"{LONG_BYTES / 1e6:.0f} MB: {long}, peak {peak_mb(pid):.0f} MB"
    )


def wav_header(size: int) -> bytes:
    """Of 16-bit mono samples at 16 kHz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setparams((1, 2, 16_000, size // 2, "NONE", ""))
        made.setnframes(size // 2)
        made.writeframes(b"")
    head = bytearray(file.getvalue())
    head[4:8], head[40:44] = struct.pack("<I", size + 36), struct.pack("<I", size)
    return bytes(head)


def seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def peak_mb(server: Gateway | int) -> float:
    """The most memory that a server's process has had (Linux)."""
    process = None if isinstance(server, int) else server.process
    status = Path(f"/proc/{process.pid if process else server}/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


PARTS = {each.__name__: each for each in (overhead, uploads, gigabyte, turns, beside)}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder))
