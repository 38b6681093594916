-- Version 8: which devices and apps are believed first in a part of each day (core/store/store_origins.h).
-- from_min, to_min: minutes of the local day; to_min at or before from_min: over midnight. place: from 1.
CREATE TABLE origin_hours (person_id BIGINT NOT NULL, metric TEXT NOT NULL, from_min BIGINT NOT NULL,
  to_min BIGINT NOT NULL, origin_id BIGINT NOT NULL, place BIGINT NOT NULL,
  PRIMARY KEY (person_id, metric, from_min, to_min, origin_id)) {end};
