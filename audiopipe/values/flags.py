"""The kinds of flags, each a row: what it says of a passage, and what may be done about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of flag.

    Attributes:
        name: short and hyphenated.
        seen: what was seen, for documentation.
        advice: what to do.
        limits: names of the thresholds that are passed, as `--flag-limit` has them.
        made_up: it says that nobody spoke the words of the passage.
        hurried: it says that the times are wrong or the words made up: the other side of a seam,
            if it has something to say, is heard instead.
        on_text: it says something of the words of the passage, and goes with them.
        repairable: asking again may help. A language is the user's to name, and a seam has been
            heard twice already.
    """

    name: str
    seen: str
    advice: str
    limits: tuple[str, ...] = ()
    made_up: bool = False
    hurried: bool = False
    on_text: bool = True
    repairable: bool = True


TABLE: tuple[Kind, ...] = (
    Kind(
        "low-confidence",
        "low `avg_logprob`",
        "listen for noise, several speakers, accents; clean the audio or cut elsewhere",
        ("min-avg-logprob",),
    ),
    Kind(
        "likely-no-speech",
        "high `no_speech_prob`, and no clear voice that contradicts it",
        "trim silence, reduce noise",
        ("max-no-speech-prob",),
        made_up=True,
    ),
    Kind(
        "repetition",
        "a high `compression_ratio`, or a phrase again and again, across segments too",
        "other boundaries, higher temperature",
        ("max-compression-ratio", "max-repeats"),
        made_up=True,
    ),
    Kind(
        "too-fast",
        "more syllables than anybody speaks",
        "listen; shorter chunks",
        ("max-syllables-per-s",),
        hurried=True,
    ),
    Kind(
        "too-slow",
        "fewer syllables than anybody speaks",
        "listen; shorter chunks",
        ("min-syllables-per-s",),
    ),
    Kind(
        "speech-without-text",
        "a voice for which nothing is written",
        "transcribe again in shorter chunks",
        ("max-untranscribed-s",),
        on_text=False,
    ),
    Kind(
        "text-without-speech",
        "words over silence, music or noise",
        "strike them, trim the passage",
        ("min-voice-share",),
        made_up=True,
    ),
    Kind(
        "music",
        "words that the recogniser is sure of where no voice is heard: somebody sings",
        "listen; strike them if songs are not wanted",
        ("min-voice-share",),
        repairable=False,
    ),
    Kind(
        "prompt-echo",
        "words of what was sent as the prompt, in a row",
        "strike it, leave the prompt out",
        ("max-prompt-words",),
        made_up=True,
    ),
    Kind(
        "stock-phrase",
        "what Whisper says over silence, in 27 languages, with a second sign",
        "strike it",
        ("max-stock-signs",),
        made_up=True,
    ),
    Kind(
        "language-switch",
        "another script than the rest of the chunk, or a language that little of the file is in",
        "name the language",
        ("max-other-script", "min-language-share"),
        repairable=False,
    ),
    Kind(
        "language-unsure",
        "speech that may be in another language just as well",
        "name the language",
        repairable=False,
    ),
    Kind(
        "time-anomaly",
        "text that takes no time, or more than the 30 s that Whisper hears at once",
        "listen",
        ("min-segment-s", "max-segment-s"),
    ),
    Kind(
        "seam-disagreement",
        "two chunks heard different words in their overlap",
        "listen",
        on_text=False,
        repairable=False,
    ),
    Kind(
        "overlapping-speech",
        "two voices at once, where speakers are told (`--speakers`)",
        "listen; where each has a channel, --channels split",
        on_text=False,
        repairable=False,
    ),
    Kind(
        "text-not-spoken",
        "text that was to be aligned, and nobody speaks it",
        "see whether the recording or the text is another version",
        repairable=False,
    ),
    Kind(
        "speech-not-in-text",
        "speech that the text to be aligned lacks",
        "see whether the text lacks a passage",
        repairable=False,
    ),
    Kind(
        "reply-anomaly",
        "times or text of a reply that cannot be true: times that run backwards or lie after the "
        "audio, a text that its segments lack",
        "listen; ask anew with --refresh, or another server",
    ),
)

KINDS = tuple(kind.name for kind in TABLE)
"""Every kind of flag that is ours."""

MADE_UP = frozenset(kind.name for kind in TABLE if kind.made_up)
ON_TEXT = frozenset(kind.name for kind in TABLE if kind.on_text)
HURRIED = frozenset(kind.name for kind in TABLE if kind.hurried)
REPAIRABLE = frozenset(kind.name for kind in TABLE if kind.repairable)
