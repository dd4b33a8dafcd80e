-- The verifications of a customer, and the customers whose verifications are to be forgotten.
create index verifications_of_customer on verifications (organization_id, customer_id, id);
create index customers_erased on customers (organization_id, id) where erased_at is not null;
