"""What is there to review: jobs that are done, with their recordings, and a whole folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from audiopipe.errors import InputError
from audiopipe.render import read
from audiopipe.render.as_json import parse
from audiopipe.render.corrections import beside, read_beside
from audiopipe.review.build import Reviewed, reviewed
from audiopipe.review.sound import find
from audiopipe.server.jobs import Job, Jobs
from audiopipe.server.spool import Spool
from audiopipe.workflows.quality import Findings, checked

_JOB = "job_"
_MOST_KNOWN = 2000
_MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Item:
    """A transcript to review.

    Attributes:
        id: nobody guesses that of somebody else's job.
        shown: the transcript, and where its corrections stand.
        recording: None where it is not kept any more.
    """

    id: str
    shown: Reviewed
    recording: Path | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """Finds transcripts; for many threads.

    Attributes:
        jobs, spool: those that are done, and their recordings.
        folder: where corrections of jobs stand, `ID.corrections.json`; made if missing.
        library: a folder of transcripts that all may review; None for none.
    """

    jobs: Jobs
    spool: Spool
    folder: Path
    library: Path | None
    _known: dict[tuple[str, int, int], Findings] = field(default_factory=dict)

    def done(self, client: str) -> list[Job]:
        """The client's jobs that have a transcript, the newest first."""
        return [job for job in self.jobs.of(client, _MOST_LISTED) if job.status == "completed"]

    def files(self) -> Iterator[tuple[str, Path]]:
        """Ids and files of the library."""
        if self.library:
            found, _ = reviewed([self.library])
            for each in found[:_MOST_LISTED]:
                yield _id_of(each.path, self.library), each.path

    def item(self, client: str, id_: str) -> Item | None:
        """A transcript by its id; None if there is none for this client."""
        if id_.startswith(_JOB):
            job = self.jobs.get(id_)
            if job is None or job.client != client or not job.transcript:
                return None
            return self.of_job(job)
        path = next((path for known, path in self.files() if known == id_), None)
        return self.of_file(id_, path) if path else None

    def of_job(self, job: Job) -> Item:
        """What is to be reviewed of a job."""
        path = self.path_of(job)
        transcript = checked(parse(job.transcript))
        shown = Reviewed(path, job.name, transcript, read_beside(path))
        upload = job.upload(self.spool.folder)
        return Item(job.id, shown, upload.path if upload.path.is_file() else None)

    def of_file(self, id_: str, path: Path) -> Item:
        """What is to be reviewed of a file.

        Raises:
            InputError: it cannot be read any more.
        """
        transcript = checked(read(path))
        shown = Reviewed(path, path.name, transcript, read_beside(path))
        return Item(id_, shown, find(path, transcript, None))

    def findings(self, client: str, id_: str, path: Path) -> Findings | None:
        """Findings of a transcript as it stands now; None if it cannot be read."""
        key = (id_, _stamp(path), _stamp(beside(path)))
        try:
            if key not in self._known:
                is_job = id_.startswith(_JOB)
                item = self.item(client, id_) if is_job else self.of_file(id_, path)
                if item is None:
                    return None
                if len(self._known) > _MOST_KNOWN:
                    self._known.clear()
                self._known[key] = item.shown.findings()
            return self._known[key]
        except (InputError, ValueError):
            return None

    def path_of(self, job: Job) -> Path:
        """The name by which a job's corrections are found."""
        return self.folder / f"{job.id}.json"

    def forget(self, job: Job) -> None:
        """Delete a job's recording and corrections."""
        self.spool.drop(job.upload(self.spool.folder))
        beside(self.path_of(job)).unlink(missing_ok=True)


def _id_of(path: Path, library: Path) -> str:
    name = path.relative_to(library).as_posix().encode("utf-8", "surrogateescape")
    return f"file_{hashlib.sha256(name).hexdigest()[:24]}"


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
