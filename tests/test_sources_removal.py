"""Removing vessel activity leaves the source tables as they were."""

from __future__ import annotations

import psycopg

from tests.support.fleet import AS_OF, refreshed
from tests.support.sources import PARTITIONED, into
from vessel_activity.install import migrate, rollback


def test_a_rollback_leaves_the_source_tables_as_they_were(empty_url: str) -> None:
    described = """
        select c.relname, c.relkind::text,
          (select array_agg(t.tgname::text order by t.tgname) from pg_trigger as t
            where t.tgrelid = c.oid),
          (select array_agg(pg_get_indexdef(i.indexrelid) order by 1) from pg_index as i
            where i.indrelid = c.oid),
          (select array_agg(concat(a.attname, ' ', a.atttypid::regtype) order by a.attnum)
            from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0)
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
        order by 1
    """
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(PARTITIONED["range"])
        db.execute(
            """
            create table vessels (id bigserial primary key, mmsi text, name text,
              "vesselType" text, flag text, active boolean);
            create function notice() returns trigger language plpgsql as 'begin return new; end';
            create trigger vessel_mine before insert on vessel_positions
              for each row execute function notice();
            create index mine on vessel_positions (speed)
            """
        )
        into(db, "vessel_positions", 1)
        before = db.execute(described).fetchall()

        migrate.migrate(empty_url)
        assert refreshed(db, AS_OF).active_now == 1
        rollback.rollback(empty_url)

        assert db.execute(described).fetchall() == before
        assert db.execute('select "vesselId" from vessel_positions').fetchall() == [(1,)]
        into(db, "vessel_positions", 2)
        assert (
            db.execute("select nspname from pg_namespace where nspname ~ '^vessel'").fetchall()
            == []
        )
