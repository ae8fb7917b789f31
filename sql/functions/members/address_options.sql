-- Reads the address of a member: postgresql://user:password@host:port/database?option=value, or host=a dbname=b user=c.
-- Raises invalid_parameter_value (22023) if it is neither. The error does not quote it: it may have a password.
create or replace function vessel_activity.address_options(p_address text)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_uri constant text[] := regexp_match(p_address, '^postgres(?:ql)?://(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?]*)(?:/([^?]*))?(?:\?(.*))?$');
  v_hosts text;
  v_ports text;
  v_options jsonb;
begin
  if v_uri is not null then
    select string_agg(vessel_activity.percent_decoded(regexp_replace(h.entry, '(?<!:):\d*$', '')), ',' order by h.number),
      string_agg(coalesce(substring(h.entry from '(?<!:):(\d+)$'), ''), ',' order by h.number)
    into v_hosts, v_ports
    from regexp_split_to_table(v_uri[3], ',') with ordinality as h (entry, number);
    select jsonb_strip_nulls(jsonb_build_object(
        'user', nullif(vessel_activity.percent_decoded(v_uri[1]), ''), 'password', vessel_activity.percent_decoded(v_uri[2]),
        'host', nullif(btrim(v_hosts, '[]'), ''), 'port', nullif(v_ports, repeat(',', length(v_ports))),
        'dbname', nullif(vessel_activity.percent_decoded(v_uri[4]), '')))
      || coalesce(jsonb_object_agg(split_part(o.pair, '=', 1),
        vessel_activity.percent_decoded(substring(o.pair from position('=' in o.pair) + 1))) filter (where o.pair <> ''), '{}')
    into v_options
    from regexp_split_to_table(coalesce(v_uri[5], ''), '&') as o (pair);
  else
    select jsonb_object_agg(k.parts[1], coalesce(replace(replace(k.parts[2], chr(92) || '''', ''''), repeat(chr(92), 2), chr(92)), k.parts[3])) into v_options
    from regexp_matches(p_address, '([a-z_]+)\s*=\s*(?:''((?:[^''\\]|\\.)*)''|(\S+))', 'g') as k (parts);
    if btrim(regexp_replace(p_address, '[a-z_]+\s*=\s*(?:''(?:[^''\\]|\\.)*''|\S+)', '', 'g')) <> '' then
      v_options := null;
    end if;
  end if;
  if v_options is null or v_options ->> 'dbname' is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'this is no address of a database',
      hint = 'Give it as postgresql://user@host:5432/database, or as host=a port=5432 dbname=b user=c.';
  end if;
  return v_options;
end
$$;

comment on function vessel_activity.address_options(text) is
  'The parts of the address of a database, by the names that libpq has for them.';
