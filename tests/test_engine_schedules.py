# ruff: noqa: S311 - nothing secret is drawn
"""Every refreshed row equals the definition, whatever several sessions do in whatever order."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.sandbox import SERVER_OPTIONS, SHAPES, Mismatch, Sandbox, Shape
from tests.support.schedules import WEIGHTS, WRITERS, Run, Step, random_schedule, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer

pytestmark = pytest.mark.slow
SCHEDULES = 40
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([what for what, weight in WEIGHTS.items() for _ in range(weight)]),
        st.integers(0, WRITERS - 1),
        st.integers(0, (1 << 24) - 1),
    ),
    min_size=5,
    max_size=40,
)


@pytest.fixture(scope="module")
def own_server(new_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """Run a server that schedules may crash."""
    server = new_server(**SERVER_OPTIONS)
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.name)
def run(own_server: LocalServer, request: pytest.FixtureRequest) -> Iterator[Run]:
    """Give the sessions of one database for each shape."""
    shape: Shape = request.param
    run = Run(Sandbox(own_server, shape))
    yield run
    run.close()


def test_every_refresh_of_a_random_schedule_equals_the_definition(run: Run) -> None:
    modes: Counter[str] = Counter()
    for seed in range(SCHEDULES):
        schedule = random_schedule(Random(seed), 30, crashes=False)
        run.modes.clear()
        try:
            run.play(schedule, anew=seed % 10 == 0)
        except (Mismatch, psycopg.Error):
            _, error = shortened(run, schedule)
            raise error from None
        modes += run.modes
    if run.sandbox.shape.by_definition:
        assert modes.keys() == {"definition"}
    else:  # otherwise the definition would be compared with itself
        assert modes["incremental"] > 0.5 * modes.total(), modes


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(STEPS)
def _hypothesis_finds_no_schedule(run: Run, schedule: list[Step]) -> None:
    run.play(schedule)


def test_every_refresh_of_a_hypothesis_schedule_equals_the_definition(run: Run) -> None:
    _hypothesis_finds_no_schedule(run)


@pytest.mark.parametrize("seed", range(3))
def test_a_crash_during_a_schedule_loses_nothing(run: Run, seed: int) -> None:
    schedule = random_schedule(Random(seed), 30, crashes=False)
    schedule[20:20] = [Step("open", 0, 1), Step("insert", 0, 2), Step("prepare", 0, 3)]
    schedule.insert(24, Step("crash", 0, 0))
    run.play(schedule)
