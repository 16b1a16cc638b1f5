"""All rules of English, in the order in which they are tried: what is longest and surest first."""

from __future__ import annotations

from audiopipe.speech.normalize import amounts, dates, figures, foreign, signs

RULES = (
    *signs.NAMES,
    *signs.SHORT,
    *figures.SPELLED,
    *dates.DATES,
    *foreign.GROUPED,
    *figures.GROUPED,
    *dates.TIMES,
    *figures.PARTS,
    *amounts.POWERS,
    *figures.RAISED,
    *amounts.MONEY,
    *figures.DECADES,
    *figures.RANGES,
    *signs.BETWEEN,
    *amounts.SUMS,
    *amounts.MEASURES,
    *figures.PLAIN,
    *signs.LAST,
)
