-- Customers that may be the same person or business are looked for by what they have in common.
-- Numbers without the signs that people put into them.
create index customers_national_id on customers
  (organization_id, upper(regexp_replace(national_id, '[^[:alnum:]]', '', 'g'))) where national_id is not null;
create index customers_email on customers (organization_id, lower(email)) where email is not null;
create index customers_phone on customers (organization_id, phone) where phone is not null;
create index customers_birth_date on customers (organization_id, birth_date) where birth_date is not null;
