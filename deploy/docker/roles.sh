#!/bin/sh
# Runs once, when the database is made: pg_cron, the owner of the tables, and the role of the web server.
# The passwords come from the environment, and psql quotes them.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv server_password SERVER_PASSWORD
create role fleet_owner login password :'owner_password';
create role vessel_activity_server login password :'server_password' connection limit 10;
select format('alter database %I owner to fleet_owner', current_database()) \gexec
alter schema public owner to fleet_owner;
create extension pg_cron;
grant usage on schema cron to fleet_owner;
SQL
