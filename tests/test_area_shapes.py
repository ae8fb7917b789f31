"""Areas take any GeoJSON polygon, say where a broken one is broken, and know what lies inside."""

from __future__ import annotations

import itertools
import json
import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

Point = tuple[Fraction, Fraction]
PUT = "select public.vessel_activity_area_put(%s, %s)"
SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [1, 3], [3, 3], [3, 1], [1, 1]]


@pytest.fixture(scope="module")
def areas(module_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _without_areas(areas: psycopg.Connection) -> None:
    for (name,) in areas.execute("select name from public.vessel_activity_area").fetchall():
        areas.execute("select public.vessel_activity_area_remove(%s)", [name])
    assert areas.execute("select count(*) from vessel_activity.area_cell").fetchone() == (0,)


def put(db: psycopg.Connection, name: str, *rings: list[Any], kind: str = "Polygon") -> int:
    row = db.execute(PUT, [name, json.dumps({"type": kind, "coordinates": rings})]).fetchone()
    assert row is not None
    return int(row[0])


def found(db: psycopg.Connection, *positions: tuple[float, float]) -> list[list[int]]:
    """Ask in which areas each position lies."""
    longitudes, latitudes = ([float(position[axis]) for position in positions] for axis in (0, 1))
    both = [members(db, longitudes, latitudes, by_cells=by_cells) for by_cells in (True, False)]
    assert both[0] == both[1], "the cells find other areas than the shapes"
    answers = [both[0].get(number, []) for number in range(1, len(positions) + 1)]
    assert kept(db, longitudes, latitudes) == answers, "the refresh keeps other areas"
    return answers


def kept(
    db: psycopg.Connection, longitudes: list[float], latitudes: list[float]
) -> list[list[int]]:
    """Find the areas of positions as the refresh does when it takes the positions in."""
    db.execute("select vessel_activity.make_area_grid()")
    (sets,) = db.execute(
        "select vessel_activity.area_sets(%s::float8[], %s::float8[])", [longitudes, latitudes]
    ).fetchone() or ([],)
    known: dict[int, list[int]] = dict(
        db.execute("select id, areas from vessel_activity.area_set").fetchall()
    )
    return [known.get(one, []) for one in sets]


def members(
    db: psycopg.Connection, longitudes: list[float], latitudes: list[float], *, by_cells: bool
) -> dict[int, list[int]]:
    """Find the areas of positions as the refresh does, by cells, or as the definition does."""
    positions = (
        "select u.number as vessel_id, now() as seen_at, 0.0::float8 as speed, u.longitude,"
        " u.latitude from unnest(%(x)s::float8[], %(y)s::float8[])"
        " with ordinality as u (longitude, latitude, number)"
    )
    query = db.execute(
        "select vessel_activity.members_query(%s, %s)", [positions, by_cells]
    ).fetchone()
    assert query is not None
    rows = db.execute(
        f"select vessel_id, array_agg(area order by area) from ({query[0]}) as m group by 1",  # noqa: S608
        {"x": longitudes, "y": latitudes},
    ).fetchall()
    return dict(rows)


# --- what is refused ------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Any, str]] = {
    "a point": ({"type": "Point", "coordinates": [4, 52]}, "the shape is a Point"),
    "no object": ([1, 2], "the shape is no GeoJSON geometry"),
    "no coordinates": ({"type": "Polygon", "coordinates": []}, "polygon 1 has no rings"),
    "two features": (
        {"type": "FeatureCollection", "features": [{}, {}]},
        "the FeatureCollection has 2 features",
    ),
    "not closed": (
        {"type": "Polygon", "coordinates": [SQUARE[:-1]]},
        "ring 1 is not closed: it begins at (0, 0) and ends at (0, 4)",
    ),
    "a line": (
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 1], [0, 0]]]},
        "ring 1 has 2 different points; a ring needs at least 3",
    ),
    "a bow tie": (
        {"type": "Polygon", "coordinates": [[[0, 0], [3, 2], [3, 0], [0, 1], [0, 0]]]},
        ("ring 1 crosses itself at (1, 0.666667):"
        " the line from point 1 to point 2 meets the line from point 3 to point 4"),
    ),
    "a bow tie that touches": (
        {
            "type": "Polygon",
            "coordinates": [[[0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 1], [0, 0]]],
        },
        ("ring 1 crosses itself at (1, 1):"
        " the line from point 2 to point 3 meets the line from point 5 to point 6"),
    ),
    "a spike": (
        {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [2, 0], [2, 2], [0, 0]]]},
        "ring 1 turns back on itself at (4, 0): point 2",
    ),
    "a swapped pair": (
        {"type": "Polygon", "coordinates": [[[51, 4], [52, 104], [53, 5], [51, 4]]]},
        "ring 1, point 2: latitude 104 is out of range",
    ),
    "a far longitude": (
        {"type": "Polygon", "coordinates": [[[51, 4], [361, 4], [53, 5], [51, 4]]]},
        "ring 1, point 2: longitude 361 is out of range",
    ),
    "a text": (
        {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[0, 0], ["4", 0], [1, 1], [0, 0]]]]},
        'polygon 2, ring 1, point 2 is no position: ["4", 0]',
    ),
    "a hole outside": (
        {"type": "Polygon", "coordinates": [SQUARE, [[8, 1], [9, 1], [9, 2], [8, 1]]]},
        "ring 2 lies outside ring 1: point 1 at (8, 1)",
    ),
    "a hole across": (
        {"type": "Polygon", "coordinates": [SQUARE, [[3, 1], [5, 1], [3, 2], [3, 1]]]},
        ("ring 1 crosses ring 2 at (4, 1): the line from point 2 to point 3"
        " meets there the line from point 1 to point 2"),
    ),
    "round a pole": (
        {"type": "Polygon", "coordinates": [[[0, -80], [120, -80], [-120, -80], [0, -80]]]},
        "ring 1 goes round a pole: it ends 360 degrees from where it begins",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_shape_is_refused_with_the_place(areas: psycopg.Connection, case: str) -> None:
    shape, message = REFUSED[case]
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refusal:
        areas.execute(PUT, ["Basin", json.dumps(shape)])

    assert refusal.value.diag.message_primary == f"the shape of Basin is refused: {message}"
    assert refusal.value.diag.message_hint
    assert areas.execute("select count(*) from public.vessel_activity_area").fetchone() == (0,)


def test_a_shape_with_too_many_points_is_refused(areas: psycopg.Connection) -> None:
    teeth = [[x / 100, 1 + x % 2] for x in range(10_000)]
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="has 10003 points"):
        put(areas, "Comb", [[0, 0], *teeth, [100, 0], [0, 0]])


def test_the_number_of_areas_is_limited(areas: psycopg.Connection) -> None:
    areas.execute("update vessel_activity.settings set area_limit = 1")
    put(areas, "One", SQUARE)
    put(areas, "One", SQUARE)
    with pytest.raises(psycopg.errors.ConfigurationLimitExceeded, match="there are 1 areas"):
        put(areas, "Two", SQUARE)
    areas.execute("update vessel_activity.settings set area_limit = 1000")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "line\nbreak", None])
def test_a_name_that_cannot_be_shown_is_refused(
    areas: psycopg.Connection, name: str | None
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="an area needs a name"):
        areas.execute(PUT, [name, json.dumps({"type": "Polygon", "coordinates": [SQUARE]})])


def test_removing_an_unknown_area_names_it(areas: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no area named 'Atlantis'"):
        areas.execute("select public.vessel_activity_area_remove('Atlantis')")


# --- what lies inside -----------------------------------------------------------------------------


def test_positions_on_the_outline_lie_inside_and_those_on_a_hole_outside(
    areas: psycopg.Connection,
) -> None:
    area = put(areas, "Ring", SQUARE, HOLE)

    assert found(areas, (0.5, 0.5), (0, 2), (4, 4), (2, 2), (1, 2), (3, 3), (4.01, 2)) == [
        [area], [area], [area], [], [], [], [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rings",
    [
        pytest.param([[[177, -20], [-178, -20], [-178, -15], [177, -15], [177, -20]]], id="jumps"),
        pytest.param([[[177, -20], [182, -20], [182, -15], [177, -15], [177, -20]]], id="goes on"),
        pytest.param(
            [[[-183, -20], [-178, -20], [-178, -15], [-183, -15], [-183, -20]]], id="goes on west"
        ),
    ],
)
def test_an_area_may_cross_the_antimeridian(areas: psycopg.Connection, rings: list[Any]) -> None:
    area = put(areas, "Fiji", *rings)

    longitudes = (176.9, 177, 179.9, 180, -180, -178, -177.9)
    assert found(areas, *[(longitude, -18) for longitude in longitudes]) == [
        [], [area], [area], [area], [area], [area], [],
    ]  # fmt: skip


def test_an_area_cut_at_the_antimeridian_is_whole(areas: psycopg.Connection) -> None:
    east = [[[177, -20], [180, -20], [180, -15], [177, -15], [177, -20]]]
    west = [[[-180, -20], [-178, -20], [-178, -15], [-180, -15], [-180, -20]]]
    area = put(areas, "Fiji", east, west, kind="MultiPolygon")

    assert found(areas, (179, -18), (180, -18), (-180, -18), (-179, -18), (176, -18)) == [
        [area], [area], [area], [area], [],
    ]  # fmt: skip


def test_the_world_holds_every_position_of_the_globe(areas: psycopg.Connection) -> None:
    world = put(areas, "World", [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]])
    nowhere = [(181.0, 0.0), (0.0, 91.0), (float("nan"), 0.0), (0.0, float("inf"))]
    corners = [(0.0, 0.0), (180.0, 90.0), (-180.0, -90.0), (179.99, 45.0)]

    assert found(areas, *nowhere, *corners) == [[]] * 4 + [[world]] * 4


def test_a_feature_is_kept_as_its_geometry(areas: psycopg.Connection) -> None:
    geometry = {"type": "Polygon", "coordinates": [SQUARE]}
    feature = {
        "type": "Feature",
        "properties": {"name": "x"},
        "geometry": {**geometry, "bbox": [0]},
    }
    areas.execute(PUT, ["A", json.dumps({"type": "FeatureCollection", "features": [feature]})])

    kept = areas.execute("select shape from public.vessel_activity_area").fetchone()
    assert kept == (geometry,)


def test_a_new_shape_replaces_the_old_one_and_keeps_the_number(areas: psycopg.Connection) -> None:
    first = put(areas, " Port ", SQUARE)
    other = put(areas, "Other", SQUARE)
    assert put(areas, "Port", [[8, 8], [9, 8], [9, 9], [8, 8]]) == first

    assert found(areas, (2, 2), (8.9, 8.5)) == [[other], [first]]


def inside(point: Point, rings: list[list[Point]]) -> bool:
    """Tell whether a point lies in the outline or on it, and neither in a hole nor on its edge."""
    outline, *holes = rings
    return winds(point, outline) and not any(winds(point, hole) for hole in holes)


def winds(point: Point, ring: list[Point]) -> bool:
    x, y = point
    crossings = 0
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        on_the_line = min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)
        if cross == 0 and on_the_line:
            return True
        if (y1 <= y < y2 and cross > 0) or (y2 <= y < y1 and cross < 0):
            crossings += 1
    return crossings % 2 == 1


def random_star(chance: random.Random, x: int, y: int, reach: int) -> list[Point]:
    """Draw a ring that does not cross itself: its corners stand in the order of their angle.

    Its coordinates are whole sixteenths of a degree, which floats hold exactly.
    """
    directions = [
        (1, 0), (3, 1), (1, 1), (1, 3), (0, 1), (-1, 3), (-1, 1), (-3, 1),
        (-1, 0), (-3, -1), (-1, -1), (-1, -3), (0, -1), (1, -3), (1, -1), (3, -1),
    ]  # fmt: skip
    chosen = [d for k, d in enumerate(directions) if k % 4 == 0 or chance.random() < 0.6]
    ring = []
    for dx, dy in chosen:
        far = Fraction(chance.randint(1, reach), 16)
        ring.append((x + dx * far, y + dy * far))
    return [*ring, ring[0]]


@pytest.mark.parametrize("seed", range(3))
def test_random_shapes_hold_the_positions_that_exact_arithmetic_finds(
    areas: psycopg.Connection, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    shapes: dict[int, list[list[Point]]] = {}
    for number in range(8):
        x, y = chance.randint(-190, 190), chance.randint(-70, 70)
        reach = [2, 16, 40, 120][number % 4]
        rings = [random_star(chance, x, y, reach)]
        if reach > 16:
            small = [(x + (px - x) / 64, y + (py - y) / 64) for px, py in rings[0]]
            rings.append(small)
        points = [[[float(a), float(b)] for a, b in ring] for ring in rings]
        shapes[put(areas, f"area {number}", *points)] = rings
    exact = {
        area: [[(Fraction(float(a)), Fraction(float(b))) for a, b in ring] for ring in rings]
        for area, rings in shapes.items()
    }
    # On a grid of an eighth of a degree, and near the shapes: corners and edges are met too.
    positions = []
    for rings in exact.values():
        xs, ys = ([p[axis] for p in rings[0]] for axis in (0, 1))
        for _ in range(120):
            px = Fraction(chance.randint(int(min(xs) * 8) - 4, int(max(xs) * 8) + 4), 8)
            py = Fraction(chance.randint(int(min(ys) * 8) - 4, int(max(ys) * 8) + 4), 8)
            positions.append((px, max(min(py, Fraction(90)), Fraction(-90))))
        positions += [(p[0], p[1]) for p in rings[0]]

    folded = [((x + 180) % 360 - 180, y) for x, y in positions]
    expected = [
        sorted(
            area
            for area, rings in exact.items()
            if any(inside((x + turn, y), rings) for turn in (-360, 0, 360))
        )
        for x, y in folded
    ]
    assert sum(map(bool, expected)) > 100
    assert found(areas, *[(float(x), float(y)) for x, y in folded]) == expected


def test_cells_do_not_change_what_lies_inside(areas: psycopg.Connection) -> None:
    """A plain test of every position against every part finds the same."""
    chance = random.Random(5)  # noqa: S311
    for number in range(15):
        x, y = chance.randint(-180, 180), chance.randint(-80, 80)
        ring = random_star(chance, x, y, chance.choice([3, 30, 72]))
        put(areas, f"area {number}", [[float(a), float(b)] for a, b in ring])
    positions = [(chance.uniform(-180, 180), chance.uniform(-90, 90)) for _ in range(10_000)]

    assert sum(map(bool, found(areas, *positions))) > 50


def test_polygons_of_an_area_may_overlap(areas: psycopg.Connection) -> None:
    wide = [[[0, 0], [40, 0], [40, 40], [0, 40], [0, 0]]]
    narrow = [[[9, 9], [11, 9], [11, 11], [9, 11], [9, 9]]]
    beside = [[[39, 1], [41, 1], [41, 3], [39, 3], [39, 1]]]
    area = put(areas, "Twice", wide, narrow, beside, kind="MultiPolygon")

    assert found(areas, (10, 10), (9, 9), (39.5, 2), (40, 2), (41.1, 2)) == [
        [area], [area], [area], [area], [],
    ]  # fmt: skip
