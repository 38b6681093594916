-- Version 3: the order in which jobs are claimed.
CREATE INDEX job_turn ON job (person_id, urgency, due_ms, id);
