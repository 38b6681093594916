-- What people read with sqlite3, Grafana or Datasette: names instead of ids, days and times as text. They are
-- described in core/README.md; columns may be added, none is taken away. v_daily is the merged truth alone, so
-- that a sum over it counts nothing twice; low, high, mean ... of the metric's own unit.
CREATE VIEW v_daily AS SELECT person.name AS person, series.metric AS metric,
  {date(}((rollup.id & 65535) - 25567){)date} AS day, rollup.n AS n, rollup.total AS total, rollup.total / rollup.n AS mean,
  rollup.low AS low, rollup.high AS high, rollup.newest AS newest
  FROM rollup JOIN series ON series.id = (rollup.id >> 16) JOIN person ON person.id = series.person_id
  WHERE series.origin_id = 0 AND rollup.n > 0;
CREATE VIEW v_daily_by_origin AS SELECT person.name AS person, series.metric AS metric,
  {date(}((rollup.id & 65535) - 25567){)date} AS day, origin.id AS origin_id, origin.name AS origin,
  origin.provider AS provider, rollup.n AS n, rollup.total AS total, rollup.total / rollup.n AS mean, rollup.low AS low,
  rollup.high AS high, rollup.newest AS newest
  FROM rollup JOIN series ON series.id = (rollup.id >> 16) JOIN person ON person.id = series.person_id
  JOIN origin ON origin.id = series.origin_id WHERE rollup.n > 0;
CREATE VIEW v_records AS SELECT person.name AS person, record.id AS id, record.kind AS kind, record.type AS type,
  {date(}record.day{)date} AS day, {time(}(record.start_ms + record.offset_start * 60000){)time} AS start_local,
  {time(}(record.finish_ms + record.offset_finish * 60000){)time} AS finish_local, record.start_ms AS start_ms,
  record.finish_ms AS finish_ms, (record.finish_ms - record.start_ms) / 60000.0 AS minutes,
  connection.provider AS provider, origin.name AS origin, origin.maker AS maker, origin.class AS class,
  record.group_id AS group_id, record.revision AS revision, record.body AS body
  FROM record JOIN person ON person.id = record.person_id JOIN connection ON connection.id = record.connection_id
  JOIN origin ON origin.id = record.origin_id WHERE record.state <> 'deleted';
CREATE VIEW v_origins AS SELECT person.name AS person, origin.id AS id, origin.provider AS provider,
  origin.name AS name, origin.maker AS maker, origin.model AS model, origin.class AS class,
  origin.standing AS standing FROM origin JOIN person ON person.id = origin.person_id;
