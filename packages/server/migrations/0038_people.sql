-- Who directs and who owns a business. Once its customer is deleted nothing personal is left here: what the law keeps is
-- sealed with the customer's.
create table people (
  organization_id id not null,
  id id not null,
  customer_id id not null,
  roles text[] not null check (cardinality(roles) > 0 and roles <@ array['director', 'beneficial_owner']),
  first_name text,
  last_name text,
  birth_date date,
  nationality text check (nationality ~ '^[A-Z]{3}$'),
  residence_country text check (residence_country ~ '^[A-Z]{3}$'),
  -- How much is owned, directly and through others: 10,000 is all. Null: none, or control by other means.
  ownership_basis_points integer check (ownership_basis_points between 1 and 10000),
  removed_at timestamptz(3),
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, customer_id) references customers (organization_id, id),
  check (ownership_basis_points is null or 'beneficial_owner' = any(roles))
);
create index people_customer on people (organization_id, customer_id, id);
