-- Removes nothing. The source tables and their rows belong to the user, even if a migration created the tables.
do $$ begin end $$;
