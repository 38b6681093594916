-- Erasure: not a byte of what a person kept is left in the home's files, others keep theirs, and the backups
-- that still hold it are named.
local flow = require("flow")
local live = require("live")
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
        n += db.execute("select count(*) from " + t + " where person_id <> 0 and person_id not in (select id from person)").fetchone()[0]
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

-- A rule that tells of each note everywhere a rule can.
local TELLS = [[
local sw = require "syncwell"
return sw.rule {
  title = "Tells", on = sw.event "note.created", uses = { "notify", "calendar:write", "task:write" },
  run = function(n, ctx)
    ctx.notify { text = "told " .. n.text }
    ctx.calendar.add { title = "told " .. n.text, at = n.finish + "30d" }
    ctx.task.add { title = "told " .. n.text }
    ctx.sleep("1h")
    ctx.notify { text = "later " .. n.text }
  end,
}]]

-- Files of the home that hold the word; backups are told of, not searched.
local function files_with(h, word)
  local r = flow.sh(("cd %s && grep -rlaF --exclude-dir=backups --exclude=*.py %s . | sort"):format(h.dir, word))
  return r.out
end

-- Another program that reads the database and does not let go for so many seconds.
local function reader(h, seconds)
  local file = flow.write(h.dir .. "/hold.py", [[
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
db.execute("begin")
db.execute("select count(*) from record").fetchone()
print("reads", flush=True)
time.sleep(float(sys.argv[2]))]])
  local p = live.spawn(("python3 %s %s/syncwell.db %s"):format(file, h.dir, seconds))
  p.await("reads")
  return p
end

local function both_tell()
  local h = flow.home("UTC")
  flow.sh("mkdir -p " .. h.dir .. "/rules/automations")
  flow.write(h.dir .. "/rules/automations/tells.lua", TELLS)
  h.ok("--user", "ben", "log", "note", "bensword")
  h.ok("--user", "anna", "log", "note", WORD)
  h.ok("run", "--once")
  return h
end

describe("what rules wrote", function()
  it("goes with the person it was for, line by line, and others keep theirs", function()
    local h = both_tell()
    local log = h.dir .. "/notifications.log"
    expect(select(2, flow.read(log):gsub("told ", ""))).equals(2)
    flow.sh(("mv %s %s.real && ln -s notifications.log.real %s"):format(log, log, log)) -- followed, as by who writes it
    local r = h.json("users", "erase", "anna", "--yes")
    expect(r.notes).is_nil()
    expect(files_with(h, WORD)).equals("")
    expect(select(2, flow.read(log):gsub("told bensword", ""))).equals(1)
    flow.write(log, flow.read(log) .. "2020-01-01T00:00:00Z  of long ago  [0123456789abcdef0123456789abcdef]\n")
    expect(h.json("users", "erase", "ben", "--yes").notes).equals(log .. ".real")
    h.remove()
  end)
end)

describe("the list of backups that still hold a person", function()
  it("knows those that another one had made, copies under any name, and where one lay", function()
    local h = both_tell()
    local away = flow.temp()
    h.ok("--user", "ben", "backup", "now", "--out", away .. "/bens.tar")
    h.ok("--user", "ben", "backup", "now", "--out", away .. "/moved.tar")
    flow.sh(("mv %s/moved.tar %s/elsewhere.tar"):format(away, away))
    local made = h.json("backup", "now").file
    local folder = h.dir .. "/backups/"
    flow.sh(("cd %s && cp %s copy.old && gzip -c %s >packed.gz && mkdir killed.tar.parts && cp ../syncwell.db killed.tar.parts")
      :format(folder, made, made))
    local want = { away .. "/bens.tar", folder .. "copy.old", folder .. "killed.tar.parts", made, folder .. "packed.gz" }
    table.sort(want)
    for _, name in ipairs { "ben", "anna" } do
      local r = h.json("users", "erase", name, "--yes")
      table.sort(r.backups)
      expect(r.backups).equals(want)
      expect(r.moved).equals { away .. "/moved.tar" }
    end
    flow.sh("rm -r " .. away)
    h.remove()
  end)
end)

describe("a schedule of backups", function()
  it("goes on for the others when the one who asked for it is erased", function()
    local h = both_tell()
    h.ok("--user", "ben", "backup", "schedule", "1h", "--keep", "3")
    h.ok("users", "erase", "ben", "--yes")
    local jobs = {}
    for line in h.run("dump", "--all").out:gmatch("[^\n]+") do
      jobs[#jobs + 1] = line:find('"table":"job"', 1, true) and line:match('"kind":"(backup)"') or nil
    end
    expect(jobs).equals { "backup" }
    h.remove()
  end)
end)

describe("an erasure that is stopped", function()
  it("says so in status, and comes to its end with its list when it is asked for again", function()
    local h = both_tell()
    local made = h.json("backup", "now").file
    local held = reader(h, 60)
    local p = live.spawn(h.command("users", "erase", "anna", "--yes"))
    live.wait(10, function() return #h.json("users") == 2 end)
    p.kill("KILL")
    expect(h.run("status").out:match("users compact")).equals("users compact")
    held.kill("KILL")
    local r = h.json("users", "erase", "anna", "--yes")
    expect({ r.erased, r.backups }).equals { "anna", { made } }
    expect({ files_with(h, WORD), files_with(h, "anna") }).equals { "", "" }
    expect(h.run("status").out:match("users compact")).is_nil()
    expect(h.run("users", "erase", "anna", "--yes").code).equals(2)
    h.remove()
  end)

  it("does not hold up the engine that brings two of them to their end", function()
    local h = both_tell()
    local held = reader(h, 60)
    for k, name in ipairs { "anna", "ben" } do
      local p = live.spawn(h.command("users", "erase", name, "--yes"))
      live.wait(10, function() return #h.json("users") == 3 - k end)
      p.kill("KILL")
    end
    expect(h.json("status").erasures_open).equals(2)
    held.kill("KILL")
    local engine = live.spawn(h.command("run"))
    live.wait(15, function() return h.json("status").erasures_open == 0 end)
    expect(h.json("status").erasures_open).equals(0)
    expect(engine.stop().code).equals(0)
    expect(files_with(h, WORD) .. files_with(h, "bensword")).equals("")
    h.remove()
  end)

  it("is brought to its end by the engine", function()
    local h = both_tell()
    local held = reader(h, 60)
    local p = live.spawn(h.command("users", "erase", "anna", "--yes"))
    live.wait(10, function() return #h.json("users") == 2 end)
    p.kill("KILL")
    held.kill("KILL")
    local engine = live.spawn(h.command("run"))
    engine.await("an erasure that was stopped is at its end")
    engine.kill("TERM")
    expect({ files_with(h, WORD), files_with(h, "anna") }).equals { "", "" }
    h.remove()
  end)
end)

describe("a simulation that is killed", function()
  it("leaves its copy in the home, where an erasure finds it", function()
    local h = both_tell()
    for _ = 1, 20 do
      flow.sh(("{ %s >/dev/null 2>&1 & p=$!; for i in $(seq 2000); do ls %s/.scratch-*/syncwell.db-wal && break; done; kill -9 $p; wait $p; }")
        :format(h.command("--user", "anna", "simulate"), h.dir))
      if files_with(h, WORD):find("/.scratch-", 1, true) then
        break
      end
    end
    expect(files_with(h, WORD):find("/.scratch-", 1, true) ~= nil).is_true()
    h.ok("users", "erase", "anna", "--yes")
    expect(files_with(h, WORD)).equals("")
    expect(flow.sh("ls -d " .. h.dir .. "/.scratch-*").out).equals("")
    h.remove()
  end)
end)

describe("an engine that runs", function()
  it("goes on for others when the one who started it is erased, and leaves nothing of that one", function()
    local h = both_tell()
    local engine = live.spawn(h.command("--user", "anna", "run"))
    engine.await("running")
    h.ok("users", "erase", "anna", "--yes")
    h.ok("--user", "ben", "log", "note", "afterwards")
    expect(live.wait(15, function()
      return (flow.read(h.dir .. "/notifications.log") or ""):find("told afterwards", 1, true)
    end) ~= nil).is_true()
    engine.kill("TERM")
    expect(engine.wait(15).code).equals(0)
    expect(rows_of(h, WORD)).equals(0)
    h.remove()
  end)
end)

-- A workout of this hour from a phone, a rule that told of it and sleeps, and what was not understood.
local RIDES = [[
local sw = require "syncwell"
return sw.rule {
  title = "Rides", on = sw.event "workout.created", mode = "single",
  uses = { "notify", "calendar:write", "task:write" },
  run = function(w, ctx)
    local word = "%s"
    ctx.log(word)
    ctx.notify { text = word .. " told" }
    ctx.notify { text = word .. " gathered", group = "g", within = "1h" }
    ctx.calendar.add { title = word, at = w.finish + "30d" }
    ctx.task.add { title = word }
    ctx.sleep("1h")
    ctx.notify { text = word .. " later" }
  end,
}]]

local function posted(h)
  flow.sh("mkdir -p " .. h.dir .. "/rules/automations")
  flow.write(h.dir .. "/rules/automations/rides.lua", RIDES:format(WORD:sub(1, 5) .. "\" .. \"" .. WORD:sub(6)))
  local path = h.ok("connect", "phone", "--name", WORD).out:match("(/in/%S+)")
  local engine = live.spawn(h.command("serve", "--listen", "127.0.0.1:0"))
  local base = engine.await("listening on (%S+)")
  local now = sw.time.now()
  local body = flow.write(h.dir .. "/post.json", ([[{"data":{"metrics":[{"name":"step_count","units":"count","data":
    [{"date":"%s","qty":7,"source":"%s"}]}],"workouts":[{"id":"%s","name":"Outdoor Run","start":"%s","end":"%s",
    "duration":1790}]}}]]):format(live.iso(now - live.HOUR), WORD, WORD, live.iso(now - live.HOUR), live.iso(now - 60000)))
  flow.sh(("curl -s --data-binary @%s %s%s; curl -s -d '{\"%s' %s%s"):format(body, base, path, WORD, base, path))
  os.remove(body)
  engine.await("given up")
  live.wait(15, function() return h.run("rules", "trace").out:find("waiting until", 1, true) end)
  return engine
end

describe("users erase", function()
  it("takes posts along that were not understood, also of a connection that was removed", function()
    local h = flow.home("UTC")
    local engine = posted(h)
    engine.kill("TERM")
    engine.wait(15)
    h.ok("connections", "remove", "phone/" .. WORD)
    expect(files_with(h, WORD):find("./inbox/", 1, true) ~= nil).is_true()
    h.ok("--user", "ben", "log", "note", "bensword")
    h.ok("users", "erase", "me", "--yes")
    expect(files_with(h, WORD)).equals("")
    h.remove()
  end)
end)

describe("connections remove", function()
  it("with --with-data takes what rules did and were going to do, while the engine runs", function()
    local h = flow.home("UTC")
    local engine = posted(h)
    h.ok("records", "edit", "--where", "kind=workout", "--set", "title=" .. WORD)
    h.ok("records", "tag", "--where", "kind=workout", WORD .. "tag")
    expect(files_with(h, WORD):find("calendar.ics", 1, true) ~= nil).is_true()
    h.ok("connections", "remove", "phone/" .. WORD, "--with-data")
    engine.kill("TERM")
    engine.wait(15)
    expect(files_with(h, WORD)).equals("")
    expect(flow.sh("ls " .. h.dir .. "/inbox").out).equals("")
    expect(h.run("connections").out:find(WORD, 1, true)).is_nil()
    local status = h.json("status")
    expect({ status.jobs_given_up, h.run("rules", "trace").out:match("rides") }).equals { 0 }
    expect(h.run("check").code).equals(0)
    h.remove()
  end)

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
