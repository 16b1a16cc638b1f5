"""A provider's batch API: files of requests, answered within days for half the price."""

from __future__ import annotations

from urllib.parse import quote

from audiopipe.backends.http.client import Call, Http
from audiopipe.backends.wire.batches import Job, file_id_of, job_of, jobs_of
from audiopipe.errors import RejectedRequest
from audiopipe.values.events import Pause

WINDOW = "7d"
"""The longest that the provider offers: what it does not manage in time has to be asked again."""

_CHAT = "/v1/chat/completions"
"""The one endpoint that the provider's own SDK knows for a batch; each line names its own too."""

_MOST_BYTES = 2 << 30
"""Of a file of results: 500 recordings of two hours, with the times of their words."""


class Batches:
    """Jobs of an account.

    Every method raises BackendError, by the table in `errors`.

    Args:
        http: the account's.
        pause: waits, as in `Http.send`.
    """

    def __init__(self, http: Http, pause: Pause) -> None:
        self._http, self._pause = http, pause

    def upload(self, lines: bytes) -> str:
        """Hand over requests, one a line; the id of their file."""
        file = ("batch.jsonl", lines, "application/jsonl")
        fields = (("purpose", "batch"),)
        call = Call("POST", "/files", "requests of a batch", fields=fields, file=file)
        return self._http.send(call, lambda reply: file_id_of(reply.content), self._pause)

    def create(self, file: str, endpoint: str, mark: str) -> Job:
        """Begin a job on a file; `mark` is found on it again."""

        def begin(endpoint: str) -> Job:
            asked = {"input_file_id": file, "endpoint": endpoint, "completion_window": WINDOW}
            body = {**asked, "metadata": {"audiopipe": mark}}
            call = Call("POST", "/batches", "batch", json=body)
            return self._http.send(call, lambda reply: job_of(reply.content), self._pause)

        try:
            return begin(endpoint)
        except RejectedRequest as error:
            if "endpoint" not in str(error):
                raise
            return begin(_CHAT)

    def get(self, name: str) -> Job:
        """A job as it is now."""
        call = Call("GET", f"/batches/{quote(name, safe='')}", f"batch {name}")
        return self._http.send(call, lambda reply: job_of(reply.content), self._pause)

    def newest(self) -> tuple[Job, ...]:
        """The jobs that the account knows, the newest first, as many as the provider lists."""
        call = Call("GET", "/batches", "list of batches")
        return self._http.send(call, lambda reply: jobs_of(reply.content), self._pause)

    def content(self, file: str) -> bytes:
        """What stands in a file of results."""
        path = f"/files/{quote(file, safe='')}/content"
        call = Call("GET", path, f"results {file}", max_bytes=_MOST_BYTES, total_s=3600)
        return self._http.send(call, lambda reply: reply.content, self._pause)
