"""faster-whisper with a prompt that holds in every window of 30 s."""

from __future__ import annotations

from typing import Any

from faster_whisper import WhisperModel


class CarryingModel(WhisperModel):  # type: ignore[misc]  # the library has no types
    """A model whose `hotwords` stand before what it has recognised, in the prompt of each window.

    This is `--carry_initial_prompt` of openai-whisper. The prompts of faster-whisper do less: the
    initial one is pushed out by what is recognised, and hot words get as much room as that again,
    which together can leave none for the answer.
    """

    def get_prompt(
        self,
        tokenizer: Any,
        previous_tokens: list[int],
        without_timestamps: bool = False,
        prefix: str | None = None,
        hotwords: str | None = None,
    ) -> list[int]:
        """The tokens before a window: of a prompt that is too long the end."""
        most = self.max_length // 2 - 1
        carried = tokenizer.encode(f" {hotwords.strip()}")[-most:] if hotwords else []
        recent = previous_tokens[max(0, len(previous_tokens) - most + len(carried)) :]
        prompt: list[int] = super().get_prompt(
            tokenizer, [*carried, *recent], without_timestamps, prefix
        )
        return prompt
