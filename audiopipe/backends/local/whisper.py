"""faster-whisper with a prompt that holds in every window, and a second hearing where in doubt."""

from __future__ import annotations

from typing import Any

from faster_whisper import WhisperModel

_REPETITIVE, _UNSURE, _SILENT = 2.4, -1.0, 0.6
"""The limits of openai-whisper: a compression ratio above, a mean log probability below, and a
probability of no speech above which an unsure answer is none."""

Answer = tuple[Any, float, float, float]
"""Result, mean log probability, temperature, compression ratio."""


class Whisper(WhisperModel):  # type: ignore[misc]  # the library has no types
    """A model that is told its `hotwords` in each window, and listens once more where in doubt."""

    def get_prompt(
        self,
        tokenizer: Any,
        previous_tokens: list[int],
        without_timestamps: bool = False,
        prefix: str | None = None,
        hotwords: str | None = None,
    ) -> list[int]:
        """The tokens before a window, hot words first: of those that are too long the end.

        They get half of the room: with all of it base forgot to write times, and lost or made up
        words (5.9 % errors with 70 names in place of 3.6, on ten minutes of clear reading).

        This is `--carry_initial_prompt` of openai-whisper. The prompts of faster-whisper do less:
        the initial one is pushed out by what is recognised, and hot words get as much room as that
        again, which together can leave none for the answer.
        """
        most = self.max_length // 2 - 1
        carried = tokenizer.encode(f" {hotwords.strip()}")[-(most // 2) :] if hotwords else []
        recent = previous_tokens[max(0, len(previous_tokens) - most + len(carried)) :]
        prompt: list[int] = super().get_prompt(
            tokenizer, [*carried, *recent], without_timestamps, prefix
        )
        return prompt

    def generate_with_fallback(
        self, encoder_output: Any, prompt: list[int], tokenizer: Any, options: Any
    ) -> Answer:
        """An answer; of one that repeats itself or is unsure, the better of two.

        The second is asked for without what was recognised before, which is where loops come from.
        Where openai-whisper samples at higher temperatures, no two runs would be alike.
        """
        answer: Answer = super().generate_with_fallback(encoder_output, prompt, tokenizer, options)
        if not _is_doubtful(answer):
            return answer
        bare = self.get_prompt(tokenizer, [], options.without_timestamps, hotwords=options.hotwords)
        if bare == prompt:
            return answer
        again: Answer = super().generate_with_fallback(encoder_output, bare, tokenizer, options)
        return max(answer, again, key=_merit)


def _is_doubtful(answer: Answer) -> bool:
    result, sureness, _, compression = answer
    unsure = sureness < _UNSURE and result.no_speech_prob <= _SILENT
    return compression > _REPETITIVE or unsure


def _merit(answer: Answer) -> tuple[bool, float]:
    _, sureness, _, compression = answer
    return compression <= _REPETITIVE, sureness
