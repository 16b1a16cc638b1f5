"""What the list of files shows of a batch: a row a file, and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audiopipe.workflows.quality import MEASURES, Findings, Summary, summary

_BINS = 10
_TITLES = {
    "avg_logprob": "How sure the recogniser was (avg_logprob), segments",
    "no_speech_prob": "Chance that nobody speaks (no_speech_prob), segments",
    "compression_ratio": "How repetitive the text is (compression_ratio), segments",
    "syllables_per_s": "Syllables a second, segments",
}

Chart = Mapping[str, Any]


def listed(title: str, rows: Sequence[tuple[str, str, Findings]]) -> dict[str, Any]:
    """The batch as data of the page.

    Args:
        title: of the page.
        rows: identity, name and findings of each transcript, in the order of the documents.
    """
    found = [findings for *_, findings in rows]
    return {
        "title": title,
        "files": [
            {
                "id": identity,
                "name": name,
                "duration": each.duration_s,
                "flags": len(each.flags),
                "settled": sum(each.is_settled(flag) for flag, _ in each.flags),
                "open_s": each.open_s,
            }
            for identity, name, each in rows
        ],
        "charts": charts(summary(found), found) if len(rows) > 1 else [],
    }


def charts(whole: Summary, found: Sequence[Findings]) -> list[Chart]:
    """Flags by kind, and how each measure is distributed over all segments."""
    made: list[Chart] = []
    if whole.kinds:
        made.append({"title": "Doubts by kind", "bars": list(whole.kinds.items())})
    made += [chart for name in MEASURES if (chart := _histogram(name, found))]
    return made


def _histogram(name: str, found: Sequence[Findings]) -> Chart | None:
    values = np.array([value for each in found for value in each.values[name]], float)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, (0.005, 0.995))
    counts, edges = np.histogram(values.clip(low, high), bins=_BINS)
    bars = [
        (f"{start:.3g} to {end:.3g}", int(count))
        for start, end, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return {"title": _TITLES[name], "bars": bars}
