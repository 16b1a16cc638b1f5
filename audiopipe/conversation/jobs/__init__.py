"""Jobs on transcripts: summary, chapters, action items, clean-up, rewriting, translation.

A transcript is cut into runs of sentences that fit the model, and what was made of them is merged
(map, then reduce). The model sees times and numbers of lines, and may only give back what it saw:
an answer with any other is corrected or refused. All is asked at temperature 0, so that answers are
kept, and a job that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files
from itertools import chain
from pathlib import Path
from string import Template
from threading import Lock
from typing import Any, TypeVar

from audiopipe.concurrency import ordered_map
from audiopipe.conversation import ChatSession
from audiopipe.conversation.answer import MAX_RETRIES
from audiopipe.conversation.jobs.checks import (
    Check,
    Row,
    all_of,
    claimed,
    each_line,
    in_order,
    keeps_figures,
    kept,
    starts_of,
    told_again,
    were_said,
)
from audiopipe.conversation.jobs.dialogue import (
    HOSTS,
    TURNS,
    Turn,
    numbered,
    place_of,
    stands_in,
    turns_of,
)
from audiopipe.conversation.jobs.heard import Heard
from audiopipe.conversation.jobs.parts import (
    LINES,
    MAYBE,
    TEXT,
    an_object,
    groups,
    lines_of,
    name_of,
    rows_of,
)
from audiopipe.conversation.jobs.parts import ActionItem as ActionItem
from audiopipe.conversation.schema import Checked
from audiopipe.errors import InputError, RequestTooLarge, TruncatedAnswer, UsageError
from audiopipe.text.languages import code_of
from audiopipe.text.sentences import Sentence, runs, sentences
from audiopipe.text.tokens import tokens_at_most
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Segment, Transcript

T = TypeVar("T")

_READ_SHARE, _WRITTEN_SHARE = 0.3, 0.5
"""Of a model's window, for the text, and for the answer with the thoughts before it."""
_MOST_WRITTEN = 8192
_MOST_REWRITTEN = 2000
"""Tokens of text that are rewritten at once: of more, models begin to leave lines out."""
_MOST_RETOLD = 4000
_FEWEST_HOSTS = 2


class Scribe:
    """Does jobs on transcripts with a chat model.

    Each job raises InputError for a transcript without text, InvalidAnswer if the model's answers
    cannot be used after all corrections, and otherwise as `chat_session.ChatSession.ask`.

    Args:
        chat_session: the model.
        prompts: a folder whose files replace those of the same name in `prompts` beside this file.
        max_retries: corrections to ask for if an answer is not as it must be.
        most_tokens: of an answer, thoughts included; None is half of the model's window, 8192 at
            most.

    Attributes:
        usage: what all answers so far took, those of earlier runs included.
        spent: the part of it that this run paid.
    """

    def __init__(
        self,
        chat_session: ChatSession,
        *,
        prompts: Path | None = None,
        max_retries: int = MAX_RETRIES,
        most_tokens: int | None = None,
    ) -> None:
        self.usage = self.spent = Usage()
        self._chat_session = chat_session
        self._prompts = prompts
        self._max_retries = max_retries
        self._most_tokens = most_tokens
        self._counting = Lock()

    def summary(self, transcript: Transcript, language: str = "") -> str:
        """A summary, in the language of the transcript if no other is named.

        Times, amounts, years and other figures of more than one digit must have been said.
        """
        heard = Heard(transcript.text, transcript.language)
        blanks = {"language": name_of(language, transcript)}

        def written(prompt: str, text: str) -> str:
            schema = an_object(summary={"type": "string", "minLength": 1})
            value = self._ask(prompt, blanks, text, schema, check)
            return str(value["summary"]).strip()

        def check(value: Row) -> list[str]:
            return [
                f"nobody said {each}" for each in claimed(value["summary"]) if heard.unsaid(each)
            ]

        mapped = self._map(transcript, lambda run: [written("summary", lines_of(run))])
        parts = [*chain(*mapped)]
        while len(parts) > 1:
            grouped = groups(parts, self._room())
            parts = [
                written("summary_merge", "\n\n".join(group)) if len(group) > 1 else group[0]
                for group in grouped
            ]
        (whole,) = parts
        return whole

    def chapters(self, transcript: Transcript, language: str = "") -> tuple[Chapter, ...]:
        """Chapters that follow one another from the first word to the end of the recording.

        Each begins with a sentence of the transcript.
        """
        blanks = {"language": name_of(language, transcript)}
        starts = starts_of(sentences(transcript))
        first = next(iter(starts), "")
        schema = rows_of("chapters", time=TEXT, title=TEXT)

        def of_run(run: Sequence[Sentence]) -> list[Row]:
            within = starts_of(run)
            check = in_order(within, first if first in within else "")
            return list(self._ask("chapters", blanks, lines_of(run), schema, check)["chapters"])

        mapped = self._map(transcript, of_run)
        rows = [*chain(*mapped)]
        if len(mapped) > 1:
            check = in_order({row["time"]: starts[row["time"]] for row in rows}, first)
            rows = self._merged("chapters", rows, blanks, schema, check)
        titles = dict(sorted((starts[row["time"]], row["title"]) for row in rows))
        begins = [*titles]
        ends = [*begins[1:], max(transcript.duration_s, begins[-1])]
        return tuple(
            Chapter(titles[begin], Span(begin, end))
            for begin, end in zip(begins, ends, strict=True)
        )

    def action_items(self, transcript: Transcript, language: str = "") -> tuple[ActionItem, ...]:
        """What was agreed to be done, in order."""
        blanks = {"language": name_of(language, transcript)}
        schema = rows_of("items", time=TEXT, task=TEXT, owner=MAYBE, due=MAYBE)
        in_its_words = code_of(language or transcript.language or "") == transcript.language

        def of_run(run: Sequence[Sentence]) -> list[Row]:
            heard = Heard(lines_of(run), transcript.language)
            check = were_said(starts_of(run), heard, in_its_words=in_its_words)
            return list(self._ask("actions", blanks, lines_of(run), schema, check)["items"])

        mapped = self._map(transcript, of_run)
        rows = [*chain(*mapped)]
        if len(mapped) > 1 and rows:
            heard = Heard(json.dumps(rows, ensure_ascii=False), transcript.language)
            check = were_said({row["time"]: 0.0 for row in rows}, heard, in_its_words=True)
            rows = self._merged("actions", rows, blanks, schema, check)
        starts = starts_of(sentences(transcript))
        items = [
            ActionItem(row["task"], starts[row["time"]], row.get("owner"), row.get("due"))
            for row in rows
        ]
        return tuple(sorted(items, key=lambda item: item.start_s))

    def dialogue(
        self, transcript: Transcript, hosts: Sequence[str] = HOSTS, language: str = ""
    ) -> tuple[Turn, ...]:
        """What was said, told again by hosts in turns.

        Each turn names the lines that it is of. What it claims stands there: figures and names,
        and half of its other words; a turn of no lines claims nothing.

        Args:
            transcript: a recording's, or a text's.
            hosts: names of those who talk, two at least.
            language: of the dialogue; "" is that of the transcript.

        Raises:
            UsageError: fewer hosts.
        """
        if len(set(hosts)) < _FEWEST_HOSTS:
            raise UsageError(f"a dialogue needs {_FEWEST_HOSTS} hosts at least")
        whole = tuple(sentences(transcript))
        is_translated = code_of(language or transcript.language or "") != transcript.language

        def of_run(run: Sequence[Sentence]) -> list[Turn]:
            blanks = {
                "language": name_of(language, transcript),
                "hosts": ", ".join(hosts),
                "place": place_of(run, whole),
            }
            lines = [part.line for part in run]
            check = stands_in(lines, hosts, transcript.language, is_translated=is_translated)
            value = self._ask("dialogue", blanks, numbered(lines), TURNS, check)
            return turns_of(value["turns"], run)

        return tuple(chain(*self._map(transcript, of_run, most_tokens=_MOST_RETOLD)))

    def clean(self, transcript: Transcript) -> Transcript:
        """The transcript for readers: without fillers, a segment a sentence, times as they were."""

        def check(lines: Sequence[str]) -> Check:
            return kept(lines, transcript.language)

        return self._rewritten("clean", transcript, {}, check)

    def rewrite(self, transcript: Transcript, instruction: str) -> Transcript:
        """The transcript as somebody wants it, a segment a sentence, times as they were.

        Args:
            transcript: in any language, which stays: what speaks it goes by it.
            instruction: what to do with each sentence, in plain words; some may go.
        """
        blanks = {"instruction": instruction}

        def check(lines: Sequence[str]) -> Check:
            return keeps_figures(lines, instruction, transcript.language)

        return self._rewritten("rewrite", transcript, blanks, check)

    def translate(self, transcript: Transcript, language: str) -> Transcript:
        """The transcript in another language, a segment a sentence, times as they were.

        Args:
            transcript: in any language.
            language: the one to translate into: a code, or any name that the model understands.
        """
        blanks = {"language": name_of(language, transcript)}

        def check(lines: Sequence[str]) -> Check:
            return told_again(lines, transcript.language, code_of(language))

        made = self._rewritten("translate", transcript, blanks, check, may_be_empty=False)
        return replace(made, language=code_of(language))

    def _rewritten(
        self,
        prompt: str,
        transcript: Transcript,
        blanks: Row,
        content: Callable[[Sequence[str]], Check],
        *,
        may_be_empty: bool = True,
    ) -> Transcript:
        def of_run(run: Sequence[Sentence]) -> list[Segment]:
            text = numbered([part.line for part in run])
            whole = each_line(len(run), may_be_empty=may_be_empty)
            check = all_of(whole, content([part.line for part in run]))
            value = self._ask(prompt, blanks, text, LINES, check)
            return [
                Segment(part.span, f" {row['text'].strip()}", speaker=part.speaker)
                for part, row in zip(run, value["lines"], strict=True)
                if row["text"].strip()
            ]

        parts = self._map(transcript, of_run, most_tokens=_MOST_REWRITTEN)
        return replace(transcript, segments=tuple(chain(*parts)))

    def _map(
        self,
        transcript: Transcript,
        work: Callable[[Sequence[Sentence]], list[T]],
        most_tokens: float = math.inf,
    ) -> list[list[T]]:
        """What `work` makes of each run of sentences; of halves where a run is too much."""
        todo = list(runs(sentences(transcript), min(self._room(), most_tokens)))
        if not todo:
            raise InputError(f"{transcript.source.name}: the transcript has no text")

        def halving(run: Sequence[Sentence]) -> list[T]:
            try:
                return work(run)
            except (RequestTooLarge, TruncatedAnswer):
                middle = len(run) // 2
                if not middle:
                    raise
                return halving(run[:middle]) + halving(run[middle:])

        workers = self._chat_session.settings.workers or self._chat_session.backend.workers
        return list(ordered_map(halving, todo, workers=workers))

    def _merged(
        self, name: str, rows: list[Row], blanks: Row, schema: Row, check: Check
    ) -> list[Row]:
        """The rows without what stands there twice; as they are if they are too many at once."""
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        if tokens_at_most(text) > self._room():
            return rows
        (merged,) = self._ask(f"{name}_merge", blanks, text, schema, check).values()
        return list(merged)

    def _ask(self, prompt: str, blanks: Row, text: str, schema: Row, check: Check) -> Any:
        reply = self._chat_session.ask(
            text,
            system=Template(self._prompt(prompt)).safe_substitute(blanks),
            schema=Checked(schema, check),
            max_retries=self._max_retries,
            temperature=0,
            max_completion_tokens=self._most_tokens
            or min(_MOST_WRITTEN, int(self._chat_session.window() * _WRITTEN_SHARE)),
        )
        with self._counting:
            self.usage += reply.usage
            self.spent += Usage() if reply.cached else reply.usage
        return reply.value

    def _room(self) -> int:
        """Tokens of text that one request may carry."""
        return int(self._chat_session.window() * _READ_SHARE)

    def _prompt(self, name: str) -> str:
        """A prompt's text, the user's own before that of the package."""
        own = self._prompts / f"{name}.md" if self._prompts else None
        try:
            if own and own.exists():
                return own.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the prompt {own}: {error}") from error
        return (files(__name__) / "prompts" / f"{name}.md").read_text("utf-8")
