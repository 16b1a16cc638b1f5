"""How many of the hard spoken forms are said right: by ours, and by what others keep.

`python scripts/score_spoken.py [--show] [--hear]`; rivals that are not installed are left out
(`pip install num2words wetext damga`).
"""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

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
    parser.add_argument("--hear", action="store_true", help="speak all, and hear them again")
    asked = parser.parse_args()
    show, rows = asked.show, list(forms())
    if asked.hear:
        heard_again(rows)
        return
    for name, say in RIVALS.items():
        try:
            wrong = [(form, said) for form in rows if not is_right(form, said := _said(say, form))]
        except ImportError:
            continue
        print(f"{name}: {len(wrong)} of {len(rows)} wrong")
        for form, said in wrong if show and name == "audiopipe" else ():
            print(f"  {form.language} {form.written!r}: {said!r}, not {form.said[0]!r}")


def heard_again(rows: Sequence[Form]) -> None:
    """Speak all forms, hear them again, and print those that no voice was understood to say."""
    from spoken_again import agrees, hear

    spoken = understood = 0
    for language in dict.fromkeys(form.language for form in rows):
        own = [form for form in rows if form.language == language]
        said = [speakable(form.written, language) for form in own]
        for form, tries in zip(own, hear(language, said), strict=True):
            spoken += bool(tries)
            if any(agrees(each, language) for each in tries):
                understood += 1
            elif tries:
                heard = "; ".join(f"{each.voice} {each.heard!r}" for each in tries)
                print(f"  {language} {form.written!r}: said {tries[0].said!r}, heard {heard}")
    print(f"{len(rows)} forms, {spoken} of a language with a voice, {understood} heard as said")


def _said(say: Say, form: Form) -> str:
    try:
        return say(form.written, form.language)
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - a rival's crash is a form said wrongly
        return f"{type(error).__name__}"


if __name__ == "__main__":
    main()
