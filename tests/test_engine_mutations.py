# ruff: noqa: E501, PT012, S311 - function texts; several runs may be needed; nothing secret is drawn
"""The tests of the engine catch each of thirteen deliberate mistakes (docs/engine.md)."""

from __future__ import annotations

from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.sandbox import SERVER_OPTIONS, SHAPES, Mismatch, Sandbox, replace_in_function
from tests.support.schedules import Run, random_schedule
from tests.test_engine_concurrency import hammer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer


_SHAPES = {shape.name: shape for shape in SHAPES}


class Mutation(NamedTuple):
    """A mistake: a function, texts to replace in it, and the shape of the source tables."""

    function: str
    replaced: dict[str, str]
    shape: str = "partitioned"


MUTATIONS = {
    "late rows are forgotten": Mutation(
        "fold_inbox",
        {
            "t.seen_at <= p_as_of and t.seen_at >= v_oldest": "t.seen_at <= p_as_of "
            "and t.seen_at > (select s.as_of from vessel_activity.state as s)"
        },
    ),
    "an update counts twice": Mutation(
        "note_positions_updated",
        {'o."timestamp", o.speed, -1': 'o."timestamp", o.speed, 1'},
    ),
    "the lower edge is dropped": Mutation(
        "hour_edge", {"p_as_of - interval '1 hour'": "vessel_activity.first_full_second(p_as_of)"}
    ),
    "deletes are forgotten": Mutation(
        "note_positions_deleted", {"\nbegin\n": "\nbegin\n  return null;\n"}
    ),
    "merges into partitions are believed": Mutation(
        "note_merge", {"\nbegin\n": "\nbegin\n  return null;\n"}, "moving"
    ),
    "partitions that come and go are forgotten": Mutation(
        "note_tree", {"\nbegin\n": "\nbegin\n  return null;\n"}
    ),
    "what comes due stays ahead of the clock": Mutation(
        "fold_inbox", {" - (select coalesce(sum(d.sign), 0) from come_due as d)": ""}
    ),
    "the edge of the minute is dropped": Mutation(
        "minute_edge",
        {
            "p_as_of - interval '1 minute'": "vessel_activity.first_full_second(p_as_of)"
            " + interval '59 minutes'"
        },
    ),
    "what came late is taken for what came in time": Mutation(
        "state_feed_truth", {"and s.positions > f.reports": "and false"}
    ),
    "a second is counted before its reports are a minute old": Mutation(
        "store_feed_truth", {"interval '61 seconds'": "interval '60 seconds'"}
    ),
    "a vessel stays in the second of its last report": Mutation(
        "count_last_reports", {"p_was_ats, p_seen_ats) as n": "null, p_seen_ats) as n"}
    ),
    "the edge of a window is dropped": Mutation(
        "edge_vessels", {"count(*) filter (where s.seen_at >= v_5_minutes_ago)": "0::bigint"}
    ),
}
SECOND_STATEMENT = Mutation(
    "fold_inbox",
    {
        "delete from vessel_activity.inbox as i\n    returning ": "select ",
        "speed_tenths(i.speed) as tenths": "speed_tenths(i.speed) as tenths from vessel_activity.inbox as i",
        "\n  perform vessel_activity.update_last_report": "\n  delete from vessel_activity.inbox;"
        "\n  perform vessel_activity.update_last_report",
    },
)  # fmt: skip
ENOUGH = 40


@pytest.fixture(scope="module")
def own_server(new_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """Run a server that no other test uses."""
    server = new_server(**SERVER_OPTIONS)
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture
def mutate(own_server: LocalServer) -> Iterator[Callable[[Mutation], Sandbox]]:
    """Give a function that installs a mutation in a database of its shape, and returns that.

    The original function comes back afterwards.
    """
    with ExitStack() as undo:

        def install(mutation: Mutation) -> Sandbox:
            sandbox = Sandbox(own_server, _SHAPES[mutation.shape])
            db = undo.enter_context(sandbox.session())
            original = replace_in_function(db, mutation.function, mutation.replaced)
            undo.callback(db.execute, original.encode())
            return sandbox

        yield install


def first_mismatch(sandbox: Sandbox) -> int | None:
    """Return the first seed whose schedule notices the mutation, or None."""
    run = Run(sandbox)
    try:
        for seed in range(ENOUGH):
            try:
                run.play(random_schedule(Random(seed), 30, crashes=False), anew=seed % 10 == 0)
            except Mismatch:
                return seed
    finally:
        run.close()
    return None


@pytest.mark.parametrize("name", MUTATIONS)
def test_random_schedules_notice_that(name: str, mutate: Callable[[Mutation], Sandbox]) -> None:
    assert first_mismatch(mutate(MUTATIONS[name])) is not None


def test_concurrent_writers_notice_that_the_inbox_is_cleared_by_a_second_statement(
    own_server: LocalServer, mutate: Callable[[Mutation], Sandbox]
) -> None:
    hammer(Sandbox(own_server, _SHAPES[SECOND_STATEMENT.shape]), 2)  # right before it
    sandbox = mutate(SECOND_STATEMENT)
    with pytest.raises(Mismatch):
        for _ in range(5):
            hammer(sandbox, 2)
