-- Erasure: not a byte of what a person kept is left in the home's files, others keep theirs, and the backups
-- that still hold it are named.
local flow = require("flow")
local world = require("world")

local WORD = "zanzibarcanary"

-- Is the word, or a sample of a day, anywhere in the home's database files?
local function holds(h, word)
  for _, name in ipairs { "syncwell.db", "syncwell.db-wal" } do
    if (flow.read(h.dir .. "/" .. name) or ""):find(word, 1, true) then
      return true
    end
  end
  return false
end

local function rows_of(h, person)
  local file = flow.write(h.dir .. "/rows.py", [[
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
n = 0
for (t,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
    columns = [c[1] for c in db.execute("pragma table_info(" + t + ")")]
    if "person_id" in columns:
        n += db.execute("select count(*) from " + t + " where person_id not in (select id from person)").fetchone()[0]
    for c in columns:
        n += db.execute("select count(*) from %s where instr(cast(%s as text), ?)" % (t, c), (sys.argv[2],)).fetchone()[0]
for t in ("chunk", "rollup"):
    n += db.execute("select count(*) from " + t + " where (id >> 16) not in (select id from series)").fetchone()[0]
print(n)]])
  return tonumber(flow.sh(("python3 %s %s/syncwell.db %s"):format(file, h.dir, person)).out)
end

describe("users erase", function()
  it("leaves no byte of the person, and others as they were", function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { first = "2025-01-01", days = 20, seed = 5 })
    h.ok("import", w.export())
    local mine = h.dump()
    local anna = WORD .. "anna"
    h.ok("--user", anna, "import", w.export(), w.activity(1, "fit"))
    h.ok("--user", anna, "log", "note", WORD .. " slept badly")
    h.ok("--user", anna, "log", "meal", WORD, "650kcal")
    h.ok("--user", anna, "records", "edit", "--where", "kind=workout", "--set", "title=" .. WORD)
    h.ok("--user", anna, "log", "weight", "81.5kg")
    flow.sh("printf hush | " .. h.command("--user", anna, "secrets", "set", "token"))
    h.ok("--user", anna, "undo", "--last")
    h.ok("--user", anna, "records", "delete", "--where", "kind=meal")
    expect(holds(h, WORD)).is_true()
    local backup = h.json("backup", "now")
    local unasked = h.run("users", "erase", anna)
    expect({ unasked.code, unasked.err:match("users erase %S+ %-%-yes") }).equals { 2, "users erase " .. anna .. " --yes" }
    local r = h.json("users", "erase", anna, "--yes")
    expect(r.backups[1]).equals(backup.file)
    expect(holds(h, WORD)).equals(false)
    expect(rows_of(h, WORD)).equals(0)
    expect(h.run("check").code).equals(0)
    expect(flow.difference(mine, h.dump())).equals("")
    expect(h.run("users", "erase", anna, "--yes").code).equals(2)
    expect(#h.json("users")).equals(1)
    h.remove()
  end)
end)

describe("connections remove", function()
  -- a connection as a sync would have left it: its own row, records of it, samples of its provider's devices
  local function connected()
    local h = flow.home("UTC")
    h.ok("log", "steps", "100", "2025-01-02T10:00:00Z")
    h.ok("log", "sleep", "23:00-06:00", "2025-01-02")
    local file = flow.write(h.dir .. "/step.py", [[
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("update connection set provider = 'acme', name = 'main'")
db.execute("update origin set provider = 'acme', id = 4711, key_text = 'acme'")
db.execute("update series set origin_id = 4711 where origin_id <> 0")
db.execute("update record set origin_id = 4711")
c = db.execute("select id from connection").fetchone()[0]
p = db.execute("select id from person").fetchone()[0]
db.execute("insert into coverage (connection_id, resource, day, state, attempts, at_ms, next_ms, reason) values (?, 'r', 1, 2, 0, 0, 0, '')", (c,))
db.execute("insert into doc (person_id, kind, name, at_ms, revision, body) values (?, '.cursor', ?, 0, 1, '{}')", (p, "%d:steps" % c))
db.execute("update record set body = '{\"attributes\":{\"asleep_s\":25200,\"name\":\"zanzibarcanary\"},\"segments\":[]}', content = 0")
db.commit()]])
    flow.sh(("python3 %s %s/syncwell.db"):format(file, h.dir))
    h.ok("log", "steps", "7", "2025-01-02T11:00:00Z")
    return h
  end

  it("keeps what the connection brought, and it can still be looked at", function()
    local h = connected()
    h.ok("connections", "remove", "acme")
    expect(#h.json("records", "sleep")).equals(1)
    expect(h.json("query", "steps", "--from", "2025-01-02", "--to", "2025-01-02")[1].value).equals(107)
    h.remove()
  end)

  it("with --with-data takes all of it along, and the days are computed again", function()
    local h = connected()
    expect(holds(h, WORD)).is_true()
    h.ok("connections", "remove", "acme", "--with-data")
    expect(holds(h, WORD)).equals(false)
    expect(#h.json("records", "sleep")).equals(0)
    expect(#h.json("query", "sleep", "--from", "2025-01-01", "--to", "2025-01-03")).equals(0)
    expect(h.json("query", "steps", "--from", "2025-01-02", "--to", "2025-01-02")[1].value).equals(7)
    expect(h.run("check").code).equals(0)
    h.remove()
  end)
end)
