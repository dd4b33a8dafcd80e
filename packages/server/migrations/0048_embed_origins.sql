-- Origins whose pages may show the hosted pages of an organization's links in a frame. Their form is checked
-- where they are given; here only that nothing can end the header in which they stand.
alter table organizations add column embed_origins text[] not null default '{}'
  check (cardinality(embed_origins) <= 10 and array_to_string(embed_origins, '') !~ '[^a-z0-9:/.-]');

-- A scope that no key could have before. Whoever manages an organization's keys may give it to others, so
-- those keys get it: without it nobody in the organization could.
update api_keys set scopes = array(
    select name from unnest(scopes || 'organization:write'::text) as name order by name collate "C"
  )
  where organization_id <> 'org_platform' and 'keys:write' = any(scopes)
    and not 'organization:write' = any(scopes);
