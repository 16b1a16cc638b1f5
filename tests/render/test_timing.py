from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.render.timing import LATEST_MS, Bounds, Wish, place

times = st.integers(0, 20_000)
wishes = st.builds(
    lambda start_ms, length_ms, reading_ms: Wish(start_ms, start_ms + length_ms, reading_ms),
    times,
    st.integers(0, 5_000),
    st.integers(0, 5_000),
)
bounds = st.builds(
    lambda min_ms, more_ms, gap_ms, file_ms: Bounds(min_ms, min_ms + more_ms, gap_ms, file_ms),
    st.integers(1, 2_000),
    st.integers(0, 5_000),
    st.integers(0, 300),
    st.integers(0, 30_000),
)
HOUR = Bounds(min_ms=833, max_ms=7_000, gap_ms=83, file_ms=3_600_000)


@given(st.lists(wishes, max_size=30), bounds)
def test_spans_keep_the_bounds_and_what_yields_yields_for_a_reason(
    wished: list[Wish], b: Bounds
) -> None:
    wished.sort(key=lambda wish: wish.start_ms)
    placed = place(wished, b)
    end_ms = max(b.file_ms, len(wished))
    for n, (wish, (start, end)) in enumerate(zip(wished, placed, strict=True)):
        following = placed[n + 1][0] if n + 1 < len(placed) else end_ms
        assert 0 <= start < end <= min(following, start + b.max_ms)
        assert start <= wish.start_ms + LATEST_MS + n
        crowded = n + 1 < len(placed) and following - start < b.min_ms + b.gap_ms
        cut_off = placed[-1][1] == end_ms  # the file's end pulls what lies before it
        assert end - start >= b.min_ms or crowded or cut_off
        if crowded and not cut_off:  # because the next one would come too late
            assert following >= wished[n + 1].start_ms + LATEST_MS


def test_one_after_the_other_is_not_delayed_more_and_more() -> None:
    crowd = [Wish(100 * n, 100 * n + 90, 2_000) for n in range(500)]
    late = [
        start - wish.start_ms for wish, (start, _) in zip(crowd, place(crowd, HOUR), strict=True)
    ]
    assert max(late) == LATEST_MS


def test_the_end_of_the_file_moves_only_what_has_no_room() -> None:
    crowd = [Wish(400 * n, 400 * n + 390, 390) for n in range(50)]
    short = Bounds(833, 7_000, 83, file_ms=400 * 50)
    early = [
        wish.start_ms - start for wish, (start, _) in zip(crowd, place(crowd, short), strict=True)
    ]
    assert max(early) <= 833


def test_a_short_one_delays_the_next_a_little() -> None:
    assert place([Wish(0, 100, 100), Wish(500, 900, 400)], HOUR) == [(0, 833), (916, 1_749)]
