-- Version 6: what services gave, as they gave it, for a while (core/store/store_raw.h). A row of raw_item is one
-- run of a provider script: a page, the streams of a record, a posted document. A body is kept once a connection,
-- however often it comes.
CREATE TABLE raw_body (id {key}, person_id BIGINT NOT NULL, connection_id BIGINT NOT NULL, bytes BIGINT NOT NULL,
  stored BIGINT NOT NULL, data {blob} NOT NULL);
CREATE INDEX raw_body_size ON raw_body (person_id, connection_id, stored);
-- op: page, detail, posted or webhook; parts: JSON list of the answers in the body, with what was asked; mapping:
-- hash of the script that read it; run_id: the remap that read it last
CREATE TABLE raw_item (id {key}, person_id BIGINT NOT NULL, connection_id BIGINT NOT NULL, resource TEXT NOT NULL,
  op TEXT NOT NULL, page TEXT NOT NULL, item TEXT NOT NULL, parts TEXT NOT NULL, first_day INT NOT NULL,
  last_day INT NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL, body_id BIGINT NOT NULL,
  mapping TEXT NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, times BIGINT NOT NULL,
  run_id BIGINT NOT NULL);
CREATE INDEX raw_item_turn ON raw_item (connection_id, last_ms, id);
CREATE INDEX raw_item_age ON raw_item (person_id, last_ms, id);
CREATE INDEX raw_item_body ON raw_item (body_id);
-- Records of a connection that was removed, its data kept, are records still: the provider is then the origin's.
DROP VIEW v_records;
CREATE VIEW v_records AS SELECT person.name AS person, record.id AS id, record.kind AS kind, record.type AS type,
  {date(}record.day{)date} AS day, {time(}(record.start_ms + record.offset_start * 60000){)time} AS start_local,
  {time(}(record.finish_ms + record.offset_finish * 60000){)time} AS finish_local, record.start_ms AS start_ms,
  record.finish_ms AS finish_ms, (record.finish_ms - record.start_ms) / 60000.0 AS minutes,
  coalesce(connection.provider, origin.provider) AS provider, origin.name AS origin, origin.maker AS maker,
  origin.class AS class, record.group_id AS group_id, record.revision AS revision, record.body AS body
  FROM record JOIN person ON person.id = record.person_id
  LEFT JOIN connection ON connection.id = record.connection_id
  JOIN origin ON origin.id = record.origin_id WHERE record.state <> 'deleted';
