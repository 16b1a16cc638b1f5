"""Many runs of the command line, each in a process of its own that is forked from a warm one.

    python -m support.many < jobs.json > results.json

A job is `{"args": [...], "env": {...}, "cwd": "..."}`, a result `{"code": 0, "said": "..."}`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from contextlib import suppress
from typing import IO, Any

AT_ONCE = 16


def begun(job: dict[str, Any], said: int) -> int:
    """Fork a run; its process id."""
    child = os.fork()
    if child:
        return child
    os.chdir(job["cwd"])
    os.environ.update(job["env"])
    for stream in (1, 2):
        os.dup2(said, stream)
    sys.argv = ["audiopipe", *job["args"]]
    code: Any = 70
    with suppress(BaseException):
        from audiopipe.cli import main

        try:
            main()
        except SystemExit as end:
            code = end.code
        except BaseException as error:  # noqa: BLE001 - told as the interpreter would
            sys.excepthook(type(error), error, error.__traceback__)
    for file in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            file.flush()
    os._exit(code if isinstance(code, int) else 70)


def _warm(environment: dict[str, str]) -> None:
    """Do once what each run would do, and which is the same for all."""
    import certifi
    import httpcore
    import platformdirs

    import audiopipe.audio.reading.pyav_fast
    import audiopipe.backends.http.route
    import audiopipe.backends.openai.transcribe
    import audiopipe.cli.transcribe
    import audiopipe.limits.limiter
    import audiopipe.pipeline.run
    import audiopipe.render
    import audiopipe.stages.flag
    import audiopipe.store.redis_door  # noqa: F401 - imported for those that are forked
    from audiopipe.plugins import GROUPS, plugins
    from audiopipe.text.redaction import secrets_of, without_all_secrets

    assert certifi and httpcore and platformdirs
    without_all_secrets("", secrets_of({**os.environ, **environment}))
    for group in GROUPS:
        plugins(group)
    gc.freeze()  # what is never collected is not copied for each


def main() -> None:
    """All jobs, some at a time."""
    jobs = json.load(sys.stdin)
    _warm(jobs[0]["env"] if jobs else {})
    results: list[dict[str, Any]] = [{} for _ in jobs]
    waiting = list(enumerate(jobs))
    running: dict[int, tuple[int, IO[bytes]]] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            number, job = waiting.pop(0)
            said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it ended
            running[begun(job, said.fileno())] = number, said
        child, status = os.wait()
        number, said = running.pop(child)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
        results[number] = {"code": os.waitstatus_to_exitcode(status), "said": text}
        said.close()
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
