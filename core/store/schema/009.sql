-- Version 9: undo_record.was tells the revision before the run, negative (0: there was none; 1: there was one, of
-- rows of older versions). Taking back a run asks by record which other runs left it as it is again.
CREATE INDEX undo_record_id ON undo_record (id);
