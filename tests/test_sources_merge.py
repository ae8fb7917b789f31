"""MERGE on partitioned source tables is followed."""

from __future__ import annotations

from tests.support.fleet import AS_OF, HOUR, MINUTE, SECOND
from tests.support.sources import exact, into, opened


def test_merge_on_a_partitioned_table_is_followed(partitioned: str) -> None:
    with opened(partitioned) as db:
        into(db, "vessel_positions", 1, AS_OF - 2 * HOUR)
        into(db, "vessel_positions", 2, AS_OF - MINUTE)
        db.execute(
            """
            merge into vessel_positions as p
            using (values (1, %(now)s::timestamptz), (2, null), (3, %(now)s)) as v (vessel, at)
              on p."vesselId" = v.vessel
            when matched and v.at is null then delete
            when matched then update set timestamp = v.at
            when not matched then insert ("vesselId", timestamp) values (v.vessel, v.at)
            """,
            {"now": AS_OF},
        )

        assert exact(db, "incremental")[:3] == (2, 2, 2)


def test_a_merge_that_inserts_before_it_updates_in_partitions_is_followed(partitioned: str) -> None:
    # PostgreSQL passes the inserted row to the trigger in place of each row updated after it.
    with opened(partitioned) as db:
        into(db, "vessel_positions", 1, AS_OF - 2 * HOUR)
        exact(db, "incremental")
        db.execute(
            """
            merge into vessel_positions as p
            using (values (2, %(now)s::timestamptz), (1, %(now)s)) as v (vessel, at)
              on p."vesselId" = v.vessel
            when matched then update set timestamp = v.at - interval '10 minutes'
            when not matched then insert ("vesselId", timestamp) values (v.vessel, v.at)
            """,
            {"now": AS_OF},
        )

        assert exact(db, "rebuild")[:3] == (1, 2, 2)
        into(db, "vessel_positions", 3)
        assert exact(db, "incremental", AS_OF + SECOND)[:3] == (2, 3, 3)
