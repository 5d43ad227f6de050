"""Cutting outlines: an exact partition on every level, whatever the shape and the numbers."""

import random

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gezhi.foundation.places.divisions import outlines
from gezhi.foundation.places.mosaic import SNAP, Cell, cut, cut_outline

trees = st.recursive(st.just(()), lambda inner: st.lists(inner, min_size=1, max_size=5).map(tuple), max_leaves=40)


def cell_of(tree, key="x") -> Cell:
    return Cell(key, [cell_of(part, f"{key}.{i}") for i, part in enumerate(tree)])


def star(seed: int) -> shapely.Polygon:
    """A jagged, not convex outline of about 10 km."""
    rng = random.Random(seed)
    spokes = [shapely.affinity.rotate(shapely.Point(rng.uniform(2000, 6000), 0), 20 * i, (0, 0)) for i in range(18)]
    return shapely.Polygon(spokes)


def every(cell: Cell):
    yield cell
    for part in cell.parts:
        yield from every(part)


@settings(max_examples=40, deadline=None)
@given(trees, st.integers(0, 10**6))
def test_parts_of_every_cell_divide_it_exactly(tree, seed):
    root, outline = cell_of(tree), star(seed)
    cut(root, outline, random.Random(seed))
    for cell in every(root):
        assert cell.shape.is_valid and cell.shape.area > 0
        if cell.parts:
            assert sum(part.shape.area for part in cell.parts) == pytest.approx(cell.shape.area, rel=1e-9)
            assert shapely.union_all([part.shape for part in cell.parts]).symmetric_difference(cell.shape).area < 1e-3
    leaves = [leaf.shape for leaf in root.leaves()]
    assert shapely.coverage_is_valid(leaves)
    # Only the grid of the vertices separates the mosaic from the outline it was cut from.
    assert root.shape.symmetric_difference(outline).area < outline.length * SNAP * 2


def test_the_same_seed_draws_the_same_and_another_draws_another():
    def drawn(seed):
        root = cell_of((((), ()), ((), (), ())))
        cut_outline(root, outlines()["410883"], seed)
        return [leaf.shape.wkb for leaf in root.leaves()]

    assert drawn(1) == drawn(1) != drawn(2)


def test_central_cells_lie_near_the_middle():
    root = Cell("c", [Cell(str(i), centre=i < 3) for i in range(12)])
    outline = star(5)
    cut(root, outline, random.Random(5))
    distance = [part.shape.centroid.distance(outline.centroid) for part in root.parts]
    assert max(distance[:3]) < min(distance[3:])
