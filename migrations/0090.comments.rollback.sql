-- Nothing: the comments go with what they are about.
do $$ begin end $$;
