-- What a run (an import, an edit, a deletion, something logged) changed, so that it can be taken back. A row of
-- undo is one chunk's samples (old and fresh, packed like a chunk), one total of a day, or one document; a row of
-- undo_record is a record as it was before the run: was 0 says that there was none.
CREATE TABLE undo (person_id BIGINT NOT NULL, run_id BIGINT NOT NULL, seq BIGINT NOT NULL, kind TEXT NOT NULL,
  ref BIGINT NOT NULL, name TEXT NOT NULL, day BIGINT NOT NULL, old {blob} NOT NULL, fresh {blob} NOT NULL,
  PRIMARY KEY (person_id, run_id, seq)) {end};
CREATE TABLE undo_record (person_id BIGINT NOT NULL, run_id BIGINT NOT NULL, id BIGINT NOT NULL, was INT NOT NULL,
  fresh_revision BIGINT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, start_ms BIGINT NOT NULL,
  finish_ms BIGINT NOT NULL, offset_start INT NOT NULL, offset_finish INT NOT NULL, zone_from TEXT NOT NULL,
  day INT NOT NULL, connection_id BIGINT NOT NULL, external_id TEXT NOT NULL, origin_id BIGINT NOT NULL,
  group_id BIGINT NOT NULL, state TEXT NOT NULL, content BIGINT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (person_id, run_id, id)) {end};
