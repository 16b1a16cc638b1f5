"""Recall: what was said just before a chunk, for the recogniser to go on from."""

from __future__ import annotations

from audiopipe.backends.prompt import with_tail
from audiopipe.stages.stitch.tokens import segments_of, words_of
from audiopipe.values.flags import MADE_UP
from audiopipe.values.transcript import ChunkFailure, ChunkTranscript


def recall(prompt: str, before: ChunkTranscript | ChunkFailure, start_s: float) -> str:
    """The prompt and after it the last words that the chunk before heard, as far as there is room.

    What both chunks hear is left out: a recogniser that has it in its prompt may take it for said.
    So is what a flag says is made up: it would be made up again.

    Args:
        prompt: what every chunk of the file is asked with.
        before: the chunk before; one that failed leaves the prompt as it is.
        start_s: where the chunk begins.
    """
    if not isinstance(before, ChunkTranscript):
        return prompt
    made_up = [flag.span for flag in before.flags if flag.kind in MADE_UP]
    words = (word for segment in segments_of(before) for word in words_of(segment))
    said = [
        word.text
        for word in words
        if word.heard.span.end_s <= start_s
        and not any(span.holds(word.heard.span) for span in made_up)
    ]
    return with_tail(prompt, "".join(said))
