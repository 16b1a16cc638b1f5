"""How many of the hard spoken forms are said right: by ours, and by what others keep.

`python scripts/score_spoken.py [--show]`; rivals that are not installed are left out
(`pip install num2words wetext damga`).
"""

from __future__ import annotations

import argparse
import importlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import audiopipe
from audiopipe.speech.normalize import speakable

TABLE = Path(__file__).parent.parent / "tests" / "speech" / "spoken_forms.txt"

Say = Callable[[str, str], str]


class Form(NamedTuple):
    """A row: the language, what is written, and what may be said for it."""

    language: str
    written: str
    said: tuple[str, ...]


def forms() -> Iterator[Form]:
    """The rows of the table."""
    for row in TABLE.read_text("utf-8").splitlines():
        if row and not row.startswith("#"):
            language, written, *said = row.split(" | ")
            yield Form(language, written, tuple(said))


def is_right(form: Form, spoken: str) -> bool:
    """Whether that is said, word by word."""
    return words(spoken) in map(words, form.said)


def words(text: str) -> list[str]:
    """The words, without what cannot be heard; signs of addresses and numbers stay."""
    return re.sub(r"[-,.;:!?()\"“”’']+(?=\s|$)|(?<=\w)[-,](?=\w)|[(]", " ", text.casefold()).split()


def _num2words(text: str, language: str) -> str:
    say = importlib.import_module("num2words").num2words
    return re.sub(r"\d+(?:\.\d+)?", lambda found: str(say(found[0], lang=language)), text)


def _wetext(text: str, language: str) -> str:
    normalizer = importlib.import_module("wetext").Normalizer
    return str(normalizer(lang="en", operator="tn").normalize(text)) if language == "en" else text


def _damga(text: str, language: str) -> str:
    return str(importlib.import_module("damga").TextNormalizer(lang=language).normalize(text))


RIVALS: dict[str, Say] = {
    "audiopipe": speakable,
    "num2words": _num2words,
    "wetext": _wetext,
    "damga": _damga,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print what ours says wrongly")
    parser.add_argument("--hear", type=int, default=0, help="speak so many, and hear them again")
    asked = parser.parse_args()
    show, rows = asked.show, list(forms())
    if asked.hear:
        hear([form for form in rows if form.language == "en"][:: -(-len(rows) // asked.hear)])
        return
    for name, say in RIVALS.items():
        try:
            wrong = [(form, said) for form in rows if not is_right(form, said := _said(say, form))]
        except ImportError:
            continue
        print(f"{name}: {len(wrong)} of {len(rows)} wrong")
        for form, said in wrong if show and name == "audiopipe" else ():
            print(f"  {form.language} {form.written!r}: {said!r}, not {form.said[0]!r}")


def hear(rows: Sequence[Form]) -> None:
    """Speak forms by the embedded voice, and print those that the embedded engine hears otherwise.

    Both sides are compared as published error rates do, which writes numbers in figures.
    """
    from whisper_normalizer.english import EnglishTextNormalizer

    plain, otherwise = EnglishTextNormalizer(), 0
    with audiopipe.Session(backend="local", language="en", cache=False) as session:
        for form in rows:
            with tempfile.TemporaryDirectory() as folder:
                session.speak(form.written, Path(folder) / "a.wav")
                heard = session.transcribe(Path(folder) / "a.wav").text
            said = speakable(form.written, "en")
            if plain(heard) != plain(said):
                otherwise += 1
                print(f"  {form.written!r}: said {said!r}, heard {heard.strip()!r}")
    print(f"{len(rows)} spoken, {otherwise} heard otherwise")


def _said(say: Say, form: Form) -> str:
    try:
        return say(form.written, form.language)
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - a rival's crash is a form said wrongly
        return f"{type(error).__name__}"


if __name__ == "__main__":
    main()
