"""Jobs on transcripts, with a server that answers from what it is given to read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.answers import error
from support.chatting import Scripted
from support.server import KEY, Server
from support.spoken import spoken

from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.chat import GroqChatter
from audiopipe.conversation import ChatSession
from audiopipe.conversation.jobs import ActionItem, Scribe
from audiopipe.conversation.jobs.checks import told_again
from audiopipe.errors import InputError, InvalidAnswer, UsageError
from audiopipe.limits.rules import Limits
from audiopipe.render import render
from audiopipe.values.transcript import Transcript

Body = dict[str, Any]

SHORT = spoken(
    "We begin with the budget. It grew by 3 percent.",
    "Now to the move. Ann will call the landlord by Friday. It is settled.",
)
LONG = spoken(*(f"This is sentence number {n} of a talk. It is not short." for n in range(300)))


@pytest.fixture
def backend(server: Server) -> Iterator[GroqChatter]:
    retry = Retry(attempts=2, sleep=lambda _: None)
    with GroqChatter(api_key=KEY, base_url=server.url, limits=Limits(), retry=retry) as backend:
        yield backend


@pytest.fixture
def talk(backend: GroqChatter) -> Iterator[ChatSession]:
    with ChatSession(backend=backend) as talk:
        yield talk


@pytest.fixture
def small_talk(backend: GroqChatter) -> Iterator[ChatSession]:
    """With a model whose window is 4096 tokens, through which LONG does not go at once."""
    with ChatSession("allam-2-7b", backend=backend, workers=2) as talk:
        yield talk


def text_of(body: Body) -> str:
    """What the model is given to read."""
    return next(str(m["content"]) for m in body["messages"] if m["role"] == "user")


def prompt_of(body: Body) -> str:
    return str(body["messages"][0]["content"])


def model(answer: Callable[[str, str], Any]) -> Scripted:
    """Answers with JSON of what it makes of prompt and text."""
    return lambda body: json.dumps(answer(prompt_of(body), text_of(body)))


def always(server: Server, answer: Callable[[str, str], Any]) -> None:
    server.replies.extend([model(answer)] * 200)


# summary


def summarise(prompt: str, text: str) -> Any:
    return {"summary": f"Summary of {len(text.splitlines())} lines."}


def test_a_short_transcript_is_summarised_at_once(talk: ChatSession, server: Server) -> None:
    always(server, summarise)
    assert Scribe(talk).summary(SHORT) == "Summary of 5 lines."
    (seen,) = server.seen
    assert text_of(seen.json).splitlines()[2] == "[0:00:10] Now to the move."
    assert "Write in English." in prompt_of(seen.json)
    assert seen.json["temperature"] == 1e-8


def test_a_summary_may_be_in_another_language(talk: ChatSession, server: Server) -> None:
    always(server, summarise)
    Scribe(talk).summary(SHORT, "de")
    assert "Write in German." in prompt_of(server.seen[0].json)


def test_a_time_that_nobody_said_is_sent_back(talk: ChatSession, server: Server) -> None:
    answers = iter(["They met at 9:30.", "They met."])
    always(server, lambda prompt, text: {"summary": next(answers)})
    assert Scribe(talk).summary(SHORT) == "They met."
    assert "nobody said 9:30" in server.seen[1].json["messages"][-1]["content"]


def test_a_time_that_was_said_in_words_may_stand_in_a_summary_as_figures(
    talk: ChatSession, server: Server
) -> None:
    always(server, lambda prompt, text: {"summary": "A sermon on John 3:16, at 7:30 pm."})
    sermon = spoken("We read John three sixteen. We meet at seven thirty.")
    assert "3:16" in Scribe(talk).summary(sermon)


def test_a_long_transcript_is_summarised_in_parts_that_fit_and_then_as_a_whole(
    small_talk: ChatSession, server: Server
) -> None:
    always(server, summarise)
    Scribe(small_talk).summary(LONG)
    mapped = [seen.json for seen in server.seen if "a sentence a line" in prompt_of(seen.json)]
    merged = [seen.json for seen in server.seen if "the parts of one" in prompt_of(seen.json)]
    assert len(mapped) > 5 and len(mapped) + len(merged) == len(server.seen)
    lines = [line for body in mapped for line in text_of(body).splitlines()]
    assert sorted(re.findall(r"number (\d+) of", " ".join(lines)), key=int) == [
        str(n) for n in range(300)
    ]
    assert len(lines) == 600
    assert sum(text_of(body).count("Summary of") for body in merged) >= len(mapped)


def test_the_same_job_again_costs_nothing(small_talk: ChatSession, server: Server) -> None:
    always(server, summarise)
    first = Scribe(small_talk).summary(LONG)
    sent = len(server.seen)
    assert Scribe(small_talk).summary(LONG) == first
    assert len(server.seen) == sent


def test_a_run_that_is_too_large_after_all_is_halved(talk: ChatSession, server: Server) -> None:
    server.faults.append(error(400, "too long", code="context_length_exceeded"))
    always(server, summarise)
    Scribe(talk).summary(SHORT)
    assert [len(text_of(seen.json).splitlines()) for seen in server.seen[:3]] == [5, 2, 3]


# chapters


def chapters(*rows: tuple[str, str]) -> Any:
    return {"chapters": [{"time": time, "title": title} for time, title in rows]}


GOOD = chapters(("0:00:00", "The budget"), ("0:00:10", "The move"))


def test_chapters_begin_with_sentences_and_follow_one_another_to_the_end(
    talk: ChatSession, server: Server
) -> None:
    always(server, lambda prompt, text: GOOD)
    made = Scribe(talk).chapters(SHORT)
    assert [(each.title, each.span.start_s, each.span.end_s) for each in made] == [
        ("The budget", 0.0, 10.0),
        ("The move", 10.0, SHORT.duration_s),
    ]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (chapters(("0:00:00", "A"), ("0:00:09", "B")), "no line begins at 0:00:09"),
        (chapters(("0:00:00", "A"), ("9:00:00", "B")), "no line begins at 9:00:00"),
        (chapters(("0:00:10", "A")), "the first chapter must begin at 0:00:00"),
        (chapters(), "the first chapter must begin at 0:00:00"),
        (
            chapters(("0:00:00", "A"), ("0:00:14", "B"), ("0:00:10", "C")),
            "0:00:10 does not come after that at 0:00:14",
        ),
        (chapters(("0:00:00", "A"), ("0:00:00", "B")), "0:00:00 does not come after"),
        (chapters(("0:00:00", "")), "title"),
    ],
)
def test_chapters_at_times_that_are_none_are_sent_back(
    talk: ChatSession, server: Server, bad: Any, words: str
) -> None:
    answers = iter([bad, GOOD])
    always(server, lambda prompt, text: next(answers))
    assert len(Scribe(talk).chapters(SHORT)) == 2
    assert words in server.seen[1].json["messages"][-1]["content"]


def test_times_that_stay_wrong_are_an_error_with_the_last_answer(
    talk: ChatSession, server: Server
) -> None:
    always(server, lambda prompt, text: chapters(("0:00:09", "A")))
    with pytest.raises(InvalidAnswer, match="no line begins at 0:00:09"):
        Scribe(talk, max_retries=1).chapters(SHORT)
    assert len(server.seen) == 2


def found(prompt: str, text: str) -> Any:
    """A chapter at the first line of each part; merged, every other one."""
    if "in the parts of one recording" in prompt:
        rows = [json.loads(line) for line in text.splitlines()]
        return {"chapters": rows[::2]}
    return chapters((text[1:].split("]")[0], f"Part of {len(text)}"))


def test_chapters_of_a_long_transcript_are_merged_and_keep_true_times(
    small_talk: ChatSession, server: Server
) -> None:
    always(server, found)
    made = Scribe(small_talk).chapters(LONG)
    assert 2 < len(made) == len(server.seen) // 2
    assert made[0].span.start_s == 0 and made[-1].span.end_s == LONG.duration_s
    for one, other in pairwise(made):
        assert one.span.end_s == other.span.start_s > one.span.start_s


def test_a_merge_cannot_make_up_times(small_talk: ChatSession, server: Server) -> None:
    def invents(prompt: str, text: str) -> Any:
        if "in the parts of one recording" in prompt:
            return chapters(("0:00:00", "A"), ("0:00:08", "B"))  # a line's, but no chapter's
        return found(prompt, text)

    always(server, invents)
    with pytest.raises(InvalidAnswer, match="no line begins at 0:00:08"):
        Scribe(small_talk).chapters(LONG)


# action items

CALL = {"time": "0:00:14", "task": "Call the landlord", "owner": "Ann", "due": "by Friday"}


def test_action_items_have_the_time_at_which_they_were_said(
    talk: ChatSession, server: Server
) -> None:
    always(server, lambda prompt, text: {"items": [CALL]})
    assert Scribe(talk).action_items(SHORT) == (
        ActionItem("Call the landlord", 14.0, "Ann", "by Friday"),
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time": "0:00:15"}, "no line begins at 0:00:15"),
        ({"due": "by Monday"}, "nobody said 'by Monday'"),
        ({"due": "2026-11-27"}, "nobody said '2026-11-27'"),
        ({"owner": "Robert"}, "nobody said 'Robert'"),
        ({"task": "Order new servers"}, "nobody said 'Order new servers'"),
    ],
)
def test_an_action_item_with_a_time_or_a_date_that_nobody_said_is_sent_back(
    talk: ChatSession, server: Server, change: Any, words: str
) -> None:
    answers = iter([{"items": [{**CALL, **change}]}, {"items": [CALL]}])
    always(server, lambda prompt, text: next(answers))
    assert len(Scribe(talk).action_items(SHORT)) == 1
    assert words in server.seen[1].json["messages"][-1]["content"]


def test_speakers_and_forms_of_words_count_as_said(talk: ChatSession, server: Server) -> None:
    item = {**CALL, "task": "Calling the landlord about the budget", "due": "Friday"}
    always(server, lambda prompt, text: {"items": [item]})
    assert Scribe(talk).action_items(SHORT)[0].due == "Friday"


def test_there_may_be_no_action_items(small_talk: ChatSession, server: Server) -> None:
    always(server, lambda prompt, text: {"items": []})
    assert Scribe(small_talk).action_items(LONG) == ()


def test_action_items_of_parts_are_merged(small_talk: ChatSession, server: Server) -> None:
    def agreed(prompt: str, text: str) -> Any:
        if "in the parts of one recording" in prompt:
            return {"items": [json.loads(text.splitlines()[0])]}
        time = text[1:].split("]")[0]
        return {"items": [{"time": time, "task": "Do it", "owner": None, "due": None}]}

    always(server, agreed)
    assert Scribe(small_talk).action_items(LONG) == (ActionItem("Do it", 0.0),)


# clean-up and translation


def lines(text: str, change: Callable[[str], str]) -> Any:
    rows = [line.split(": ", 1) for line in text.splitlines()]
    return {"lines": [{"number": int(n), "text": change(said)} for n, said in rows]}


def test_a_translation_keeps_every_sentence_and_its_times(
    small_talk: ChatSession, server: Server
) -> None:
    always(server, lambda prompt, text: lines(text, str.upper))
    made = Scribe(small_talk).translate(LONG, "de")
    assert "into German" in prompt_of(server.seen[0].json)
    assert (made.language, made.source, made.duration_s) == ("de", LONG.source, LONG.duration_s)
    assert made.text.split() == LONG.text.upper().split()
    assert len(made.segments) == 600
    assert made.segments[2].span.start_s == LONG.segments[1].span.start_s
    assert "THIS IS SENTENCE NUMBER 299" in render(made, "srt")


def test_any_language_can_be_named(talk: ChatSession, server: Server) -> None:
    always(server, lambda prompt, text: lines(text, str.upper))
    assert Scribe(talk).translate(SHORT, "Klingon").language is None
    assert "into Klingon" in prompt_of(server.seen[0].json)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows[:-1], r"numbered 1 to 5, each once and in order, and \[5\] are missing"),
        (lambda rows: [*rows, rows[0]], "numbered 1 to 5"),
        (lambda rows: rows[::-1], "each once and in order"),
        (lambda rows: [*rows[:-1], {"number": 5, "text": " "}], "line 5 is empty"),
    ],
)
def test_a_translation_that_loses_a_line_is_sent_back(
    talk: ChatSession, server: Server, spoil: Callable[[Any], Any], words: str
) -> None:
    tries: list[str] = []

    def translated(prompt: str, text: str) -> Any:
        tries.append(text)
        whole = lines(text, str.upper)
        return whole if len(tries) > 1 else {"lines": spoil(whole["lines"])}

    always(server, translated)
    assert len(Scribe(talk).translate(SHORT, "fr").segments) == 5
    assert re.search(words, server.seen[1].json["messages"][-1]["content"])


def test_a_clean_up_may_empty_a_line_and_keeps_the_times_of_the_others(
    talk: ChatSession, server: Server
) -> None:
    always(server, lambda p, text: lines(text, lambda said: "" if "settled" in said else said))
    made = Scribe(talk).clean(SHORT)
    assert [segment.span.start_s for segment in made.segments] == [0.0, 5.0, 10.0, 14.0]
    assert (made.language, made.text) == ("en", SHORT.text.removesuffix(" It is settled."))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: "", "all lines are empty"),
        (lambda said: said.replace("3 percent", "some percent"), "line 2 has lost 3"),
        (lambda said: said.replace("3 percent", "13 percent"), "has lost 3"),
        (lambda said: said if "Ann" not in said else "", "line 4 has lost"),
        (lambda said: said if "Ann" not in said else "Ann will call.", "line 4 has lost Friday"),
        (lambda said: said.replace("the move", "the move of 2024"), "says 2024, which nobody said"),
    ],
)
def test_a_clean_up_that_loses_or_adds_facts_is_sent_back(
    talk: ChatSession, server: Server, change: Callable[[str], str], words: str
) -> None:
    tries: list[str] = []

    def cleaned(prompt: str, text: str) -> Any:
        tries.append(text)
        return lines(text, change if len(tries) == 1 else lambda said: said)

    always(server, cleaned)
    assert Scribe(talk).clean(SHORT).text == SHORT.text
    assert words in server.seen[1].json["messages"][-1]["content"]


def test_a_clean_up_drops_fillers_and_mends_slips(talk: ChatSession, server: Server) -> None:
    said = "Um, so, you know, we we basically goes, uh, to Berlin in twenty twenty four. Uh, yeah."
    rows = [(1, "We go to Berlin in 2024."), (2, "")]
    answer = {"lines": [{"number": number, "text": text} for number, text in rows]}
    always(server, lambda prompt, text: answer)
    assert Scribe(talk).clean(spoken(said)).text == "We go to Berlin in 2024."


def test_a_rewriting_is_asked_once_about_figures(talk: ChatSession, server: Server) -> None:
    miles = {"lines": [{"number": 1, "text": "It is 3 miles."}]}
    always(server, lambda prompt, text: miles)
    made = Scribe(talk).rewrite(spoken("It is five kilometers."), "Say it in miles.")
    assert made.text == "It is 3 miles."
    assert "line 1 says 3, which nobody said" in server.seen[1].json["messages"][-1]["content"]
    assert len(server.seen) == 2


def test_an_amount_of_a_summary_was_said(talk: ChatSession, server: Server) -> None:
    answers = iter(["It grew by 30 percent.", "It grew by 3 percent."])
    always(server, lambda prompt, text: {"summary": next(answers)})
    assert Scribe(talk).summary(SHORT) == "It grew by 3 percent."
    assert "nobody said 30" in server.seen[1].json["messages"][-1]["content"]


def test_a_translation_keeps_years_and_amounts(talk: ChatSession, server: Server) -> None:
    rows = iter(["Wir zahlten viel im Jahr 1984.", "Wir zahlten 1.250 Euro im Jahr 1984."])
    always(server, lambda prompt, text: {"lines": [{"number": 1, "text": next(rows)}]})
    assert "1.250" in Scribe(talk).translate(spoken("We paid 1,250 euros in 1984."), "de").text
    assert "line 1 has lost 1,250" in server.seen[1].json["messages"][-1]["content"]


MET = (
    "Then Ann met Robert and Maria in London at 5, with 7 dogs and 3 cats. "
    "So Maria told Robert of Kowalski, who has 12 boats and 9 cars."
)


@pytest.mark.parametrize(
    ("told", "is_right"),
    [
        (
            (
                "Ann traf Robert und Maria um fünf in London, mit 7 Hunden und drei Katzen.",
                "Maria erzählte Robert von Kowalski, der zwölf Boote und 9 Autos hat.",
            ),
            True,
        ),
        (
            ("Sie trafen sich um 5 mit 7 Hunden und 3 Katzen.", "Er hat 12 Boote und 9 Autos."),
            False,
        ),
        (
            (
                "Ann traf Robert und Maria in London, mit Tieren.",
                "Maria erzählte Robert von Kowalski mit seinen Booten.",
            ),
            False,
        ),
    ],
)
def test_a_translation_keeps_most_names_and_small_figures(
    told: tuple[str, str], is_right: bool
) -> None:
    value = {"lines": [{"number": n, "text": text} for n, text in enumerate(told, 1)]}
    lines = [f"{each}." for each in MET.removesuffix(".").split(". ")]
    assert (not [*told_again(lines, "en", "de")(value)]) == is_right


def test_names_in_another_script_are_not_looked_for() -> None:
    value = {"lines": [{"number": 1, "text": "Анна встретила Роберта и Марию в Лондоне."}]}
    assert not [*told_again(["So Ann met Robert, Maria and Tom in London."], "en", "ru")(value)]


# all of them


def test_prompts_are_files_and_can_be_replaced_one_by_one(
    talk: ChatSession, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "summary.md").write_text("Say it in $language, with 100 $ and $no names.")
    always(server, summarise)
    Scribe(talk, prompts=tmp_path).summary(SHORT)
    assert prompt_of(server.seen[0].json).startswith("Say it in English, with 100 $ and $no names.")
    always(server, lambda prompt, text: GOOD)
    server.replies.rotate(200)
    Scribe(talk, prompts=tmp_path).chapters(SHORT)
    assert "divide recordings into chapters" in prompt_of(server.seen[1].json)
    (tmp_path / "clean.md").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"cannot read the prompt .*clean\.md"):
        Scribe(talk, prompts=tmp_path).clean(SHORT)


def test_a_transcript_without_text_is_an_error_before_anything_is_sent(
    talk: ChatSession, server: Server
) -> None:
    empty = Transcript(SHORT.source, "transcribe", "en", ())
    for job in (Scribe(talk).summary, Scribe(talk).chapters, Scribe(talk).clean):
        with pytest.raises(InputError, match="the transcript has no text"):
            job(empty)
    assert server.seen == []


def test_a_scribe_counts_what_its_jobs_took(small_talk: ChatSession, server: Server) -> None:
    always(server, summarise)
    scribe = Scribe(small_talk)
    scribe.summary(LONG)
    assert scribe.usage.requests == len(server.seen)
    assert scribe.usage.prompt_tokens > scribe.usage.completion_tokens > 0
