# ruff: noqa: E501 - a catalog query reads best unbroken
"""What a database holds of vessel activity and of its user, down to function bodies and rights."""

from __future__ import annotations

from typing import Any

import psycopg

_SNAPSHOT = r"""
select 'relation', n.nspname || '.' || c.relname, c.relkind::text || c.relpersistence::text,
  coalesce(c.relacl::text, ''), coalesce(array_to_string(c.reloptions, ','), ''), obj_description(c.oid, 'pg_class')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'vessel_activity', 'vessel_activity_migrations')
union all
select 'column', a.attrelid::regclass::text || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
  a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace::regnamespace::text in ('public', 'vessel_activity', 'vessel_activity_migrations') and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'p')
union all
select 'routine', p.oid::regprocedure::text, pg_get_functiondef(p.oid), coalesce(p.proacl::text, ''), '', obj_description(p.oid, 'pg_proc')
from pg_proc p where p.pronamespace::regnamespace::text in ('public', 'vessel_activity', 'vessel_activity_migrations')
union all
select 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text, '',
  obj_description(t.oid, 'pg_trigger')
from pg_trigger t where not t.tgisinternal
union all
select 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid), '', '', ''
from pg_constraint where connamespace::regnamespace::text in ('public', 'vessel_activity', 'vessel_activity_migrations')
union all
select 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid::text, '', ''
from pg_index where indrelid::regclass::text ~ '^(public\.|vessel_activity\.|vessel_activity_migrations\.)?(vessel|_?yoyo)'
order by 1, 2
"""


def snapshot(url: str) -> list[tuple[Any, ...]]:
    """Return one row for each object in public and in the schemas of vessel activity."""
    with psycopg.connect(url) as db:
        return db.execute(_SNAPSHOT).fetchall()
