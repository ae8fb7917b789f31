-- Nothing: the source tables and their rows belong to the user, also where a migration created them.
do $$ begin end $$;
