"""What the server counts, for Prometheus; nothing of it names a client."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from audiopipe.pipeline import Outcome

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS_S = (0.05, 0.2, 1, 5, 20, 60, 300, 1800, 7200)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "audiopipe_requests", "Requests answered.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "audiopipe_request_seconds",
            "Time of a request.",
            ("route",),
            buckets=_BOUNDS_S,
            registry=registry,
        )
        self._audio = Counter(
            "audiopipe_audio_seconds",
            "Audio sent to be recognised.",
            ("backend",),
            registry=registry,
        )
        self._recognised = Counter(
            "audiopipe_transcript_seconds",
            "Length of transcribed recordings.",
            ("backend",),
            registry=registry,
        )
        self._cost = Counter("audiopipe_cost_usd", "What it cost.", ("backend",), registry=registry)
        self._flags = Counter(
            "audiopipe_flags", "Passages not to trust.", ("kind",), registry=registry
        )
        self._errors = Counter(
            "audiopipe_errors", "Recordings that failed.", ("error",), registry=registry
        )
        self._joined = Counter(
            "audiopipe_joined", "Requests that joined work under way.", registry=registry
        )
        self.waiting = Gauge("audiopipe_queue_waiting", "Recordings that wait.", registry=registry)
        self.running = Gauge("audiopipe_queue_running", "Recordings under way.", registry=registry)
        self.disk = Gauge("audiopipe_spool_bytes", "Uploads on disk.", registry=registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered.

        Args:
            route: its path without ids; "" for one that there is not.
        """
        self._requests.labels(route or "none", str(status)).inc()
        self._seconds.labels(route or "none").observe(seconds)

    def joined(self) -> None:
        """A request found its work under way."""
        self._joined.inc()

    def outcome(self, outcome: Outcome) -> None:
        """A recording was worked on."""
        if outcome.error:
            self._errors.labels(type(outcome.error).__name__).inc()
        if transcript := outcome.transcript:
            self._audio.labels(transcript.backend).inc(outcome.spent.audio_s)
            self._recognised.labels(transcript.backend).inc(transcript.duration_s)
            self._cost.labels(transcript.backend).inc(outcome.spent.cost_usd or 0.0)
            for flag in transcript.flags:
                self._flags.labels(flag.kind).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
