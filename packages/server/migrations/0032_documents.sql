-- Documents of customers. The bytes lie in the store of files, sealed; here is what is known of them.
create table documents (
  organization_id id not null,
  id id not null,
  customer_id id not null,
  kind text not null check (kind in ('passport', 'id_card', 'driving_licence', 'residence_permit',
    'proof_of_address', 'company_register', 'selfie', 'other')),
  side text check (side in ('front', 'back')),
  country text check (country ~ '^[A-Z]{3}$'),
  number_masked text,
  expiry_date date,
  -- What the machine-readable lines said, without names and numbers.
  mrz jsonb,
  real_type text not null check (real_type in ('pdf', 'jpeg', 'png', 'heic')),
  width integer check (width > 0),
  height integer check (height > 0),
  size integer not null check (size between 1 and 10485760),
  sha256 bytea check (length(sha256) = 32),
  checks jsonb not null,
  status text not null check (status in ('uploaded', 'accepted', 'rejected', 'erased')),
  -- The key of the bytes, sealed under the customer's; gone with the document.
  sealed_key bytea,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  primary key (organization_id, id),
  foreign key (organization_id, customer_id) references customers (organization_id, id),
  check ((width is null) = (height is null)),
  check ((status = 'erased') = (sealed_key is null)),
  check ((status = 'erased') = (sha256 is null)),
  check (status <> 'erased' or (number_masked is null and mrz is null and expiry_date is null))
);
create index documents_customer on documents (organization_id, customer_id, id);
