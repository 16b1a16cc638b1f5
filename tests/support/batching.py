"""A provider's batch API, scripted: jobs take some looks, answer in any order, fail in part."""

from __future__ import annotations

import email
import json
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

ROOT = "/openai/v1"


@dataclass(slots=True)
class Script:
    """How jobs go.

    Attributes:
        looks: how often a job is asked after before it has ended.
        texts: what is heard at addresses; others fail.
        ends: the state in which it ends.
        refuses: endpoints that are not taken.
        faults: how many requests get a 503 first.
    """

    looks: int = 1
    texts: dict[str, str] = field(default_factory=dict)
    ends: str = "completed"
    refuses: tuple[str, ...] = ()
    faults: int = 0


class Provider:
    """A server on this machine. A context."""

    def __init__(self) -> None:
        self.script = Script()
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.lines: list[dict[str, Any]] = []
        self.asked: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def as_groq(self) -> dict[str, str]:
        """The environment in which the command line takes this server for Groq."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}{ROOT}"
        return {"GROQ_API_KEY": "k", "AUDIOPIPE_BACKEND": "groq", "AUDIOPIPE_BASE_URL": url}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def upload(self, form: bytes, kind: str) -> dict[str, Any]:
        message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + form)
        parts = {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
            for part in message.walk()
            if not part.is_multipart()
        }
        assert parts["purpose"] == b"batch"
        name = f"file_{len(self.files)}"
        self.files[name] = bytes(parts["file"])
        return {"id": name, "object": "file", "purpose": "batch"}

    def create(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        if asked["endpoint"] in self.script.refuses:
            return None
        name = f"batch_{len(self.jobs)}"
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        self.lines += lines
        job = {"id": name, "object": "batch", "status": "validating", "created_at": 0, **asked}
        job |= {"request_counts": {"total": len(lines), "completed": 0, "failed": 0}, "looks": 0}
        self.jobs[name] = job
        return job

    def look(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        job["looks"] += 1
        job["status"] = "in_progress" if job["looks"] <= self.script.looks else self.script.ends
        if job["status"] == self.script.ends and "output_file_id" not in job:
            self._end(job)
        return job

    def _end(self, job: dict[str, Any]) -> None:
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for line in self.files[job["input_file_id"]].splitlines():
            row = json.loads(line)
            text = self.script.texts.get(row["body"]["url"])
            head = {"id": f"batch_req_{len(good)}", "custom_id": row["custom_id"]}
            if text is None:
                error = {"error": {"message": "could not fetch the url"}}
                bad.append({**head, "response": {"status_code": 400, "body": error}, "error": None})
            elif self.script.ends == "completed":
                body = {"task": "transcribe", "language": "english", "duration": 2.0, "text": text}
                body["segments"] = [{"id": 0, "start": 0.0, "end": 2.0, "text": f" {text}"}]
                reply = {"status_code": 200, "request_id": "r", "body": body}
                good.append({**head, "response": reply, "error": None})
        for name, rows in (("output_file_id", good[::-1]), ("error_file_id", bad)):
            job[name] = f"{job['id']}_{name}"
            self.files[job[name]] = "".join(json.dumps(row) + "\n" for row in rows).encode()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self._path()
            kind, _, name = path.strip("/").partition("/")
            if kind == "files":
                self._send(provider.files[name.partition("/")[0]])
            elif name:
                if name in provider.jobs:
                    self._send(provider.look(name))
                else:
                    self._send({"error": {"message": "no such batch"}}, 404)
            else:
                self._send({"object": "list", "data": [*provider.jobs.values()][::-1]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self._path() == "/files":
                self._send(provider.upload(body, self.headers["Content-Type"]))
            elif job := provider.create(json.loads(body)):
                self._send(job)
            else:
                self._send({"error": {"message": "endpoint is not supported"}}, 400)

        def _path(self) -> str:
            path = self.path.removeprefix(ROOT)
            provider.asked[f"{self.command} {path}"] += 1
            return path

        def _send(self, value: dict[str, Any] | bytes, status: int = 200) -> None:
            if provider.script.faults:
                provider.script.faults -= 1
                value, status = {"error": {"message": "busy"}}, 503
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
