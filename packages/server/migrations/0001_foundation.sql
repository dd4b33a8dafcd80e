-- Ids compare byte by byte on every installation, so that "in id order" means one thing.
create domain id as text collate "C" check (length(value) between 1 and 255);

-- The second pair of eyes on append-only tables: the first is that the application role has no grant.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'Rows of % are never changed or removed.', tg_table_name using errcode = '23001';
end
$$;
