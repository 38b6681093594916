-- The first schema. Words in braces are the dialect's. Ids come from us and are never NULL; times
-- are UTC milliseconds, days count from 1970-01-01, keys of chunk and rollup are
-- series << 16 | (day + 25567), computed in C.
CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, next BIGINT NOT NULL) {end};

CREATE TABLE person (id {key}, name TEXT NOT NULL, zone TEXT NOT NULL, created_ms BIGINT NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX person_name ON person (name);

CREATE TABLE connection (id {key}, person_id BIGINT NOT NULL, provider TEXT NOT NULL, name TEXT NOT NULL,
  state TEXT NOT NULL, created_ms BIGINT NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX connection_name ON connection (person_id, provider, name);

-- the device or app that measured; rank 0 is best; key_text is its identity in text
CREATE TABLE origin (id {key}, person_id BIGINT NOT NULL, key_text TEXT NOT NULL, provider TEXT NOT NULL, name TEXT NOT NULL,
  maker TEXT NOT NULL, model TEXT NOT NULL, class TEXT NOT NULL, standing INT NOT NULL);
CREATE UNIQUE INDEX origin_key ON origin (person_id, key_text);

-- origin_id 0 is the merged view over all origins
CREATE TABLE series (id {key}, person_id BIGINT NOT NULL, metric TEXT NOT NULL, origin_id BIGINT NOT NULL);
CREATE UNIQUE INDEX series_key ON series (person_id, metric, origin_id);
CREATE INDEX series_origin ON series (origin_id);

CREATE TABLE chunk (id {key}, n BIGINT NOT NULL, data {blob} NOT NULL);
CREATE TABLE tail (series_id BIGINT NOT NULL, start_ms BIGINT NOT NULL, dur_ms BIGINT NOT NULL, scaled BIGINT NOT NULL,
  offset_min INT NOT NULL, PRIMARY KEY (series_id, start_ms, dur_ms, scaled)) {end};
CREATE TABLE rollup (id {key}, n BIGINT NOT NULL, total DOUBLE PRECISION NOT NULL, low DOUBLE PRECISION NOT NULL,
  high DOUBLE PRECISION NOT NULL, newest DOUBLE PRECISION NOT NULL);
-- merged days to compute again
CREATE TABLE dirty (person_id BIGINT NOT NULL, metric TEXT NOT NULL, day INT NOT NULL, PRIMARY KEY (person_id, metric, day)) {end};

-- totals a provider states for a day: they compete with totals, never with samples
CREATE TABLE day_total (person_id BIGINT NOT NULL, metric TEXT NOT NULL, day INT NOT NULL, origin_id BIGINT NOT NULL,
  total DOUBLE PRECISION NOT NULL, PRIMARY KEY (person_id, metric, day, origin_id)) {end};

CREATE TABLE record (id {key}, person_id BIGINT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, start_ms BIGINT NOT NULL,
  finish_ms BIGINT NOT NULL, offset_start INT NOT NULL, offset_finish INT NOT NULL, zone_from TEXT NOT NULL, day INT NOT NULL,
  connection_id BIGINT NOT NULL, external_id TEXT NOT NULL, origin_id BIGINT NOT NULL, group_id BIGINT NOT NULL,
  revision INT NOT NULL, state TEXT NOT NULL, content BIGINT NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX record_external ON record (connection_id, kind, external_id);
CREATE INDEX record_time ON record (person_id, kind, start_ms);
CREATE INDEX record_group ON record (group_id);

-- small documents: firings, rules, files, notifications, calendar entries ... one table, typed by kind
CREATE TABLE doc (person_id BIGINT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, at_ms BIGINT NOT NULL, revision INT NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (person_id, kind, name)) {end};
CREATE INDEX doc_time ON doc (person_id, kind, at_ms);

-- state 0 ready, 1 leased, 2 given up; finished jobs are deleted
CREATE TABLE job (id {key}, person_id BIGINT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, state INT NOT NULL, urgency INT NOT NULL,
  due_ms BIGINT NOT NULL, lease_ms BIGINT NOT NULL, generation BIGINT NOT NULL, attempts INT NOT NULL, payload TEXT NOT NULL,
  progress TEXT NOT NULL, failure TEXT NOT NULL);
CREATE UNIQUE INDEX job_name ON job (person_id, kind, name);
CREATE INDEX job_ready ON job (person_id, state, due_ms);
-- hint: may be early, never late
CREATE TABLE due (person_id {key}, due_ms BIGINT NOT NULL);
CREATE TABLE run (id {key}, person_id BIGINT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, at_ms BIGINT NOT NULL,
  outcome TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX run_time ON run (person_id, at_ms);

-- what people read with sqlite3, Grafana or Datasette
CREATE VIEW daily AS SELECT person.name AS person, series.metric AS metric, series.origin_id AS origin_id,
  (rollup.id & 65535) - 25567 AS day_number, rollup.n AS n, rollup.total AS total, rollup.low AS low, rollup.high AS high,
  rollup.newest AS newest FROM rollup JOIN series ON series.id = (rollup.id >> 16) JOIN person ON person.id = series.person_id;
