"""The whole on one screen: from recordings to transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from audiopipe.concurrency import ordered_map, prefetch
from audiopipe.context import Context
from audiopipe.errors import Stopped
from audiopipe.pipeline.intake import pieces
from audiopipe.pipeline.outcome import Outcome
from audiopipe.pipeline.prepared import prepare, prepare_and_tell
from audiopipe.pipeline.run import Run, run_of

__all__ = ["Outcome", "prepare", "prepare_and_tell", "transcribe_many"]


def transcribe_many(sources: Iterable[Any], context: Context) -> Iterator[Outcome]:
    """An outcome for each recording, in order, each as soon as it is whole.

    Chunks of the next recordings are prepared and sent while the last ones are still recognised.
    A recording that fails is an outcome with its error; the others go on. Each answer is stored as
    it arrives, and a later run with the same question does not ask again.

    Args:
        sources: as `Session.transcribe` takes them.
        context: settings, backend, store, spending, listener and stop of the run.

    Raises:
        UsageError: settings that cannot work; raised before anything is read.
        AudiopipeError: what makes every other input pointless too, such as a refused key.
    """
    return _outcomes(sources, run_of(context))


def _outcomes(sources: Iterable[Any], run: Run) -> Iterator[Outcome]:
    with ExitStack() as stack:
        todo = pieces(sources, run.upload, run.settings, stop=run.stop, at_once=run.at_once)
        ahead = stack.enter_context(prefetch(todo, depth=2))
        stack.callback(run.end)
        try:
            results = ordered_map(run.work, ahead, workers=run.workers, chain=run.chain)
            yield from run.in_order(results)
        except Stopped as error:
            raise run.broken[0] if run.broken else error from None
