"""Coordinates at the edges: known pairs, round trips well under a metre, nothing moved outside China."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.places import coordinates as c

CHINA = st.tuples(st.floats(73.6, 135.0), st.floats(4.0, 53.5))
METRE = 1 / 111_320


@pytest.mark.parametrize(
    ("convert", "given_", "expected"),
    [
        (c.wgs84_to_gcj02, (116.404, 39.915), (116.41024449916938, 39.91640428150164)),
        (c.gcj02_to_bd09, (116.404, 39.915), (116.41036949371029, 39.92133699351021)),
        (c.gcj02_to_wgs84, (116.41024449916938, 39.91640428150164), (116.404, 39.915)),
        (c.bd09_to_gcj02, (116.41036949371029, 39.92133699351021), (116.404, 39.915)),
    ],
)
def test_pairs_that_everybody_publishes(convert, given_, expected):
    assert convert(*given_) == pytest.approx(expected, abs=1e-9)


def test_metres_of_a_three_degree_zone():
    east, north = c.wgs84_to_gk3(114.0, 45.0)[1:]
    assert (east, north) == pytest.approx((500_000.0, 4_984_944.378), abs=0.001)  # the meridian's arc to 45 degrees
    assert c.gk3_to_wgs84(38_500_000.0, north) == pytest.approx((114.0, 45.0), abs=1e-9)
    for wrong in ((500_000.0, north, None), (38_500_000.0, 9_000_000.0, None), (39.9, 116.4, 38)):
        with pytest.raises(ValueError):
            c.gk3_to_wgs84(*wrong)
    with pytest.raises(c.UnknownSystem):
        c.to_wgs84(1, 1, "mars")


@given(CHINA)
def test_there_and_back_is_under_a_metre_and_the_shift_is_real(point):
    for forth, back in ((c.wgs84_to_gcj02, c.gcj02_to_wgs84), (c.wgs84_to_bd09, c.bd09_to_wgs84)):
        there = forth(*point)
        assert back(*there) == pytest.approx(point, abs=0.01 * METRE)
        assert 20 * METRE < max(abs(there[0] - point[0]), abs(there[1] - point[1])) < 3_000 * METRE
    grid = c.wgs84_to_gk3(*point)
    assert c.gk3_to_wgs84(grid.zone * 1_000_000 + grid.east, grid.north) == pytest.approx(point, abs=0.01 * METRE)
    assert c.to_wgs84(*point, "cgcs2000") == point


@given(st.tuples(st.floats(-180, 60), st.floats(-80, 80)))
def test_outside_china_nothing_moves(point):
    for system in ("wgs84", "cgcs2000", "gcj02", "bd09"):
        assert c.to_wgs84(*point, system) == point
    assert c.wgs84_to_bd09(*point) == point
