import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duewise.models.contact_window import HOURS, best_window


def slow_best(chance, permitted, length):
    """Try every window, the longest length first."""
    for n in range(length, 0, -1):
        best = None
        for start in range(HOURS - n + 1):
            if all(permitted[start : start + n]):
                score = round(sum(chance[start : start + n]) / n, 9)
                if best is None or score > best[0]:
                    best = (score, start, start + n)
        if best:
            return best[1:]
    return -1, -1


hours = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5]), min_size=HOURS, max_size=HOURS)
open_hours = st.lists(st.booleans(), min_size=HOURS, max_size=HOURS)


@given(st.lists(st.tuples(hours, open_hours), min_size=1, max_size=5), st.integers(1, 4))
def test_the_window_is_the_best_permitted_one(rows, length):
    chance, permitted = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    start, end = best_window(chance, permitted, length)
    expected = [slow_best(*row, length) for row in rows]
    assert list(zip(start.tolist(), end.tolist(), strict=True)) == expected


def test_ties_go_to_the_earlier_hours():
    chance = np.full((1, HOURS), 0.3)
    permitted = np.zeros((1, HOURS), dtype=bool)
    permitted[0, 9:20] = True
    start, end = best_window(chance, permitted, 3)
    assert (start[0], end[0]) == (9, 12)
