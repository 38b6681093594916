-- Version 10: v_records tells the records that are a person's edits of others in their group (record.LAYER in
-- lua/record.lua), so that who counts rows leaves them out.
DROP VIEW v_records;
CREATE VIEW v_records AS SELECT person.name AS person, record.id AS id, record.kind AS kind, record.type AS type,
  {date(}record.day{)date} AS day, {time(}(record.start_ms + record.offset_start * 60000){)time} AS start_local,
  {time(}(record.finish_ms + record.offset_finish * 60000){)time} AS finish_local, record.start_ms AS start_ms,
  record.finish_ms AS finish_ms, (record.finish_ms - record.start_ms) / 60000.0 AS minutes,
  coalesce(connection.provider, origin.provider) AS provider, origin.name AS origin, origin.maker AS maker,
  origin.class AS class, record.group_id AS group_id, record.revision AS revision, record.body AS body,
  CASE WHEN coalesce(connection.provider, origin.provider) = 'manual' AND substr(record.external_id, 1, 5) = 'edit:'
  THEN 1 ELSE 0 END AS edit
  FROM record JOIN person ON person.id = record.person_id
  LEFT JOIN connection ON connection.id = record.connection_id
  JOIN origin ON origin.id = record.origin_id WHERE record.state <> 'deleted';
