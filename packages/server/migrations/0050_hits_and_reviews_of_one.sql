-- The platform asks for the hits of a customer or card, and for the reviews of a customer, without naming whose it is.
create index screening_hits_of_subject on screening_hits (subject_id, id);
create index verifications_of_one on verifications (customer_id, id);
