"""English numbers in words."""

from __future__ import annotations

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ("", " thousand", " million", " billion", " trillion")
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MOST_DIGITS = 15


def number(figures: str) -> str:
    """A number as it is written, such as 1,250 or 3.14; a very long one, or 007, by its digits."""
    whole, _, fraction = figures.replace(",", "").partition(".")
    whole = whole or "0"
    if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        words = digits(whole)
    else:
        words = cardinal(int(whole))
    return f"{words} point {digits(fraction)}" if fraction else words


def digits(figures: str) -> str:
    """Each digit by itself."""
    return " ".join(_SMALL[int(digit)] for digit in figures)


def cardinal(n: int) -> str:
    """A whole number, 0 <= n < 10 ** 15."""
    if n < 20:
        return _SMALL[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
    if n < 1000:
        (head, rest), scale = divmod(n, 100), " hundred"
    else:
        power = (len(str(n)) - 1) // 3
        (head, rest), scale = divmod(n, 1000**power), _SCALES[power]
    return f"{cardinal(head)}{scale}" + (f" {cardinal(rest)}" if rest else "")


def ordinal(n: int) -> str:
    """A place in a row, such as twenty-first; 0 <= n < 10 ** 15."""
    words = cardinal(n)
    last = words.replace("-", " ").split()[-1]
    ending = _ORDINALS.get(last) or f"{last.removesuffix('y')}{'ie' * last.endswith('y')}th"
    return words.removesuffix(last) + ending


def year(n: int) -> str:
    """A year as it is said, such as nineteen oh five; 1000 <= n < 10000."""
    century, rest = divmod(n, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(n)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' * (rest < 10)}{cardinal(rest)}"
