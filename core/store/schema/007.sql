-- Version 7: what a person says of devices and apps: which is to be believed first, and which are one
-- (core/store/store_origins.h). metric: a metric or a kind of record, '' for everything; place: from 1.
CREATE TABLE origin_rank (person_id BIGINT NOT NULL, metric TEXT NOT NULL, origin_id BIGINT NOT NULL,
  place BIGINT NOT NULL, PRIMARY KEY (person_id, metric, origin_id)) {end};
-- the origin that this one is known as now; 0: it is its own
ALTER TABLE origin ADD COLUMN merged_into BIGINT NOT NULL DEFAULT 0;
