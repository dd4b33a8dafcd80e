-- Origins whose pages may show the hosted pages of an organization's links in a frame. Their form is checked
-- where they are given; here only that nothing can end the header in which they stand.
alter table organizations add column embed_origins text[] not null default '{}'
  check (cardinality(embed_origins) <= 10 and array_to_string(embed_origins, '') !~ '[^a-z0-9:/.-]');
