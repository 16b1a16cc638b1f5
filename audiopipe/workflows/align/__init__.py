"""Align: when each word of a text that is known is spoken in a recording."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import open_source, shown
from audiopipe.audio.reading.remote import is_remote
from audiopipe.backends.local.transcribe import DEFAULT_MODEL, Local
from audiopipe.context import Context
from audiopipe.errors import InputError
from audiopipe.pipeline import transcribe_many
from audiopipe.stages.prepare import prepare
from audiopipe.text.words import normal_form
from audiopipe.values.audio import RATE_HZ, Span
from audiopipe.values.transcript import Flag, Segment, Transcript, Word
from audiopipe.workflows.align.anchors import anchors
from audiopipe.workflows.align.passages import Gap, Passage, part
from audiopipe.workflows.align.script import Script, Token, read_script, script_of_text
from audiopipe.workflows.align.times import placed, snapped

__all__ = ["align", "read_script", "script_of_text"]

_AT_ONCE = 4
"""Passages that are heard at once."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://\S*")

_SHOWN = 8
"""Words of a gap that its flag shows."""

Samples = NDArray[np.int16]


def align(source: Any, text: str | os.PathLike[str] | Script, context: Context) -> Transcript:
    """The text with the time of each of its words.

    The recording is recognised, and what was heard is found in the text; between the words that are
    in both, the embedded engine says when each word of the text is spoken, by where its decoder
    looks (cross-attention), whoever recognised. Memory does not grow with the recording.

    Args:
        source: as `Session.transcribe` takes it; it is read twice.
        text: a text, or the path of one, of subtitles or of a transcript.
        context: settings, backend, store, spending, listener and stop of the run.

    Returns:
        A transcript whose segments are the text's lines or sentences. What nobody speaks is left
        out and flagged `text-not-spoken`; where something else is spoken, there is a
        `speech-not-in-text`.

    Raises:
        InputError: recording or text cannot be used, or have nothing in common.
        BackendError: nothing could be recognised.
        EngineMissing: the embedded engine is not installed.
    """
    settings = context.settings
    script = text if isinstance(text, Script) else _script(text, _one(settings.language))
    _require_lasting(source)
    timed = context.derive(word_timestamps=True, task="transcribe", drop=())
    (outcome,) = transcribe_many([source], timed)
    heard = outcome.result()
    words = [word for word in heard.words if normal_form(word.text)]
    norms = [token.norm for token in script.tokens]
    found = anchors(norms, [normal_form(word.text) for word in words])
    if not words:
        raise InputError(f"{heard.source.name}: no speech is recognised in it")
    if not found:
        raise InputError(
            f"{heard.source.name} and the text have nothing in common; what was heard begins "
            f"{_joined(words[:_SHOWN]).strip()!r}"
        )
    passages, gaps = part(norms, words, found, heard.duration_s)
    spoken = dict(_timed(source, passages, script, heard, timed))
    flags = [flag for gap in gaps for flag in _flags(gap, script, heard.duration_s)]
    return replace(
        heard,
        segments=tuple(_segments(script, spoken)),
        flags=tuple(sorted(flags, key=lambda flag: flag.span.start_s)),
        repairs=(),
    )


def _script(text: str | os.PathLike[str], language: str | None) -> Script:
    if isinstance(text, str) and _ADDRESS.fullmatch(text):
        raise InputError(f"{text} is an address: save the text to a file, and name that")
    if isinstance(text, os.PathLike) or _is_file(text):
        return read_script(Path(text), language)
    return script_of_text(text, language)


def _require_lasting(source: Any) -> None:
    """Go on, if a recording can be read a second time.

    Raises:
        InputError: it is an address of the web, a pipe, or a stream.
    """
    if isinstance(source, str | os.PathLike) and not is_remote(source):
        is_gone = bool(_ADDRESS.fullmatch(str(source))) or (
            Path(os.fsdecode(source)).exists() and not Path(os.fsdecode(source)).is_file()
        )
    else:
        is_gone = hasattr(source, "read") and not source.seekable()
    if is_gone:
        raise InputError(
            f"{shown(source)} cannot be read twice, as aligning does: save it to a file first"
        )


def _one(language: str | None) -> str | None:
    """The language, if it is named."""
    return None if language is None or "," in language else language


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return False


def _timed(
    source: Any, passages: Sequence[Passage], script: Script, heard: Transcript, context: Context
) -> Iterator[tuple[int, Span]]:
    """The number and the time of each word that is spoken."""
    with ExitStack() as stack:
        engine, model = context.transcriber, context.settings.model
        if not isinstance(engine, Local):
            engine, model = stack.enter_context(Local()), DEFAULT_MODEL
        cuts = _cuts(source, passages, context)
        while some := list(islice(cuts, _AT_ONCE)):
            context.stop.check()
            texts = [_text(script.tokens[p.first : p.last]) for p, _ in some]
            sounds = [samples.astype(np.float32) / np.float32(32768) for _, samples in some]
            rows = engine.word_times(sounds, texts, heard.language or "en", model)
            for (passage, samples), row in zip(some, rows, strict=True):
                yield from _of_passage(passage, samples, row, script)


def _of_passage(
    passage: Passage, samples: Samples, row: Sequence[Word], script: Script
) -> Iterator[tuple[int, Span]]:
    texts = [token.text for token in script.tokens[passage.first : passage.last]]
    length_s = len(samples) / RATE_HZ
    spans = snapped(texts, placed(texts, row, Span(0.0, length_s)), samples)
    start_s = passage.span.start_s
    for n, span in enumerate(spans, start=passage.first):
        yield n, Span(round(start_s + span.start_s, 3), round(start_s + span.end_s, 3))


def _text(tokens: Iterable[Token]) -> str:
    return "".join(token.text for token in tokens)


def _cuts(
    source: Any, passages: Sequence[Passage], context: Context
) -> Iterator[tuple[Passage, Samples]]:
    """Each passage with its samples; the recording is read once, as far as it must be."""
    settings = context.settings
    held, at = np.empty(0, np.int16), 0
    todo = iter(passages)
    passage = next(todo, None)
    with (
        open_source(source, track=settings.track or None, stop=context.stop) as recording,
        closing(prepare(recording, channels=settings.channels)) as blocks,
    ):
        ended = False
        while passage:
            first = max(at, round(passage.span.start_s * RATE_HZ))
            last = round(passage.span.end_s * RATE_HZ)
            held, at = held[first - at :], at + min(first - at, len(held))
            while at + len(held) < last and not ended:
                block = next(blocks, None)
                ended = block is None
                held = held if block is None else np.concatenate([held, block])
                if at + len(held) <= first:
                    held, at = held[:0], at + len(held)
                elif at < first:
                    held, at = held[first - at :], first
            yield passage, held[max(0, first - at) : last - at]
            passage = next(todo, None)


def _segments(script: Script, spoken: dict[int, Span]) -> Iterator[Segment]:
    """The lines, each with those of its words that are spoken, at rising times."""
    now_s = 0.0
    numbered = [(n, token) for n, token in enumerate(script.tokens) if n in spoken]
    for line, group in groupby(numbered, key=lambda pair: pair[1].line):
        words = []
        for n, token in group:
            start_s = max(now_s, spoken[n].start_s)
            now_s = max(start_s, spoken[n].end_s)
            words.append(Word(Span(start_s, now_s), token.text))
        span = Span(words[0].span.start_s, words[-1].span.end_s)
        yield Segment(span, _joined(words), tuple(words), speaker=script.speakers[line])


def _joined(words: Iterable[Word]) -> str:
    return "".join(word.text for word in words)


def _flags(gap: Gap, script: Script, end_s: float) -> Iterator[Flag]:
    count = gap.last - gap.first
    at_s = min(gap.span.start_s, end_s)
    if count:
        begins = _text(script.tokens[gap.first : min(gap.last, gap.first + _SHOWN)]).strip()
        yield Flag(
            "text-not-spoken",
            Span(at_s, max(at_s, min(gap.span.end_s, end_s))),
            count,
            0,
            f"{count} words of the text are not spoken here, from {begins!r} on.",
        )
    if gap.heard:
        begins = _joined(gap.heard[:_SHOWN]).strip()
        span = Span(gap.heard[0].span.start_s, gap.heard[-1].span.end_s)
        yield Flag(
            "speech-not-in-text",
            span,
            len(gap.heard),
            0,
            f"{len(gap.heard)} words are spoken here that the text lacks, from {begins!r} on.",
        )
