-- From which age on an individual can be a customer of this installation; without a row: 18.
create table customer_settings (
  single boolean primary key default true check (single),
  minimum_age integer not null check (minimum_age between 6 and 25)
);
