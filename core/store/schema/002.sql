-- Live services. Sealed texts (credentials of connections, tokens of channels) are opened by the vault only.
CREATE TABLE secret (person_id BIGINT NOT NULL, name TEXT NOT NULL, sealed TEXT NOT NULL, revision BIGINT NOT NULL,
  at_ms BIGINT NOT NULL, PRIMARY KEY (person_id, name)) {end};
-- who does what only one process may do at a time; until_ms is real time
CREATE TABLE lease (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, until_ms BIGINT NOT NULL) {end};
-- requests spent on a limit, per slot of its period (slot = data time / length of a slot)
CREATE TABLE bucket (name TEXT NOT NULL, slot BIGINT NOT NULL, used BIGINT NOT NULL, PRIMARY KEY (name, slot)) {end};
-- a service said: not before
CREATE TABLE hold (name TEXT NOT NULL PRIMARY KEY, until_ms BIGINT NOT NULL, reason TEXT NOT NULL) {end};
-- what is known of each local day of a resource; state 0 wanted, 1 requested, 2 received, 3 empty, 4 failed,
-- 5 unobtainable
CREATE TABLE coverage (connection_id BIGINT NOT NULL, resource TEXT NOT NULL, day INT NOT NULL, state INT NOT NULL,
  attempts INT NOT NULL, at_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (connection_id, resource, day)) {end};
