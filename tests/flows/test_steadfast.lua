-- SPDX-License-Identifier: MIT
-- What goes wrong around an engine that runs for years: scripts that cannot be started, clocks that leap, zones
-- and settings that are changed beside it. Nothing is forgotten.
local flow = require("flow")
local live = require("live")

local function rule(h, name, on)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "t", on = %s, uses = { "notify" },
  run = function(w, ctx) ctx.notify("%s " .. (w.id or "")) end }
]]):format(on, name))
end

local function told(h)
  return flow.read(h.dir .. "/notifications.log") or ""
end

local function count(text, word)
  return select(2, text:gsub(word, word))
end

-- The program in a folder of its own, whose box can be taken away.
local function program()
  local dir = flow.temp()
  assert(flow.sh(("cp %s %s-box %s"):format(flow.binary, flow.binary, dir)).code == 0)
  return dir, ("SYNCWELL_SHARE=%s/share %s/syncwell"):format(flow.quote(flow.binary:match("^(.*)/")), dir)
end

describe("a box that cannot be started for a while", function()
  it("costs no event, and no rule is blamed or paused", function()
    local h, EVENTS = flow.home("UTC"), 12
    rule(h, "a", 'sw.event "note.created"')
    rule(h, "b", 'sw.event "note.created"')
    local dir, binary = program()
    local engine = live.spawn(("%s --home %s run"):format(binary, h.dir))
    engine.await("running; home")
    h.ok("log", "note", "before")
    live.wait(15, function() return count(told(h), "\n") == 2 end)
    flow.write(dir .. "/none", "#!/bin/sh\nexit 1\n")
    flow.sh(("cd %s && mv syncwell-box away && chmod +x none && mv none syncwell-box && pkill -P %d"):format(dir, engine.pid))
    for i = 1, EVENTS do
      h.ok("log", "note", "meanwhile " .. i)
    end
    engine.await("scripts cannot run now")
    sw.sys.sleep(2000)
    expect(count(told(h), "\n")).equals(2)
    flow.sh(("mv %s/away %s/syncwell-box"):format(dir, dir))
    live.wait(60, function() return count(told(h), "\n") == 2 * (EVENTS + 1) end)
    local s = h.json("status")
    expect({ count(told(h), "\n"), #s.paused_rules, #s.rule_errors }).equals { 2 * (EVENTS + 1), 0, 0 }
    engine.stop()
    h.remove()
  end)
end)

-- A step of the clock cannot be made on the machine that tests: the home says that it was later already, and what
-- waits is due then.
describe("a clock that went back", function()
  it("is noticed at the start, and neither rules nor backups wait for the time that was wrong", function()
    local h = flow.home("UTC")
    h.ok("backup", "schedule", "1d")
    rule(h, "often", 'sw.every "1min"')
    local function run()
      local engine = live.spawn(h.command("run"))
      engine.await("running; home")
      return engine
    end
    local function planned(what)
      local db = flow.write(h.dir .. "/db.py", ([[import sqlite3, time
db = sqlite3.connect("%s/syncwell.db")
year = 400 * 86400000
%s
db.commit()
print(db.execute("select max(due_ms - case kind when 'backup' then 86400000 else 0 end) from job "
  "where kind in ('schedule', 'backup')").fetchone()[0] - int(time.time() * 1000))]]):format(h.dir, what))
      return tonumber(flow.sh("python3 " .. db).out)
    end
    local first = run()
    live.wait(15, function() return #h.json("backup", "list") == 1 end)
    live.wait(15, function() return #h.json("jobs") == 2 end)
    first.stop()
    expect(planned("db.execute('update job set due_ms = due_ms + ?', (year,))\n"
      .. "db.execute(\"update doc set body = '{\\\"last\\\":' || (? + ?) || '}' where kind = '.clock'\", "
      .. "(int(time.time() * 1000), year))") > 86400000).is_true()
    local engine = run()
    engine.await("the clock went back by")
    live.wait(15, function() return planned("") <= 60000 end)
    expect(planned("") <= 60000).is_true()
    engine.stop()
    h.remove()
  end)
end)

describe("an engine whose home is moved away", function()
  it("ends and says so, and what happens there is left to the engine that is started there", function()
    local h = flow.home("UTC")
    rule(h, "heard", 'sw.event "note.created"')
    local engine = live.spawn(h.command("run"))
    engine.await("running; home")
    local from = h.dir
    h.dir = from .. "-moved"
    assert(os.rename(from, h.dir))
    h.ok("log", "note", "one")
    local r = engine.wait(10)
    expect(r.code).equals(1)
    expect(r.err).contains("the home was moved away from " .. from)
    h.ok("run", "--once")
    expect(count(flow.read(h.dir .. "/notifications.log"), "\n")).equals(1)
    expect(sw.fs.stat(from)).equals(nil)
    h.remove()
  end)
end)

describe("an engine that runs", function()
  it("goes on with a rule as it was while its file is broken, and loses no event on it", function()
    local h = flow.home("UTC")
    rule(h, "heard", 'sw.event "note.created"')
    local engine = live.spawn(h.command("run"))
    engine.await("running; home")
    local file = h.dir .. "/rules/automations/heard.lua"
    local well = flow.read(file)
    for i, broken in ipairs { "return {", "", (well:gsub("run =", "runs =")) } do
      flow.write(file, broken)
      h.ok("log", "note", "note " .. i)
      live.wait(15, function() return count(told(h), "\n") == i end)
      expect(count(told(h), "\n")).equals(i)
    end
    expect(h.run("status").out).contains("1 broken")
    engine.kill("HUP")
    engine.await("heard.lua.-; the rule goes on as it was before")
    flow.write(file, (well:gsub('"heard "', '"mended "')))
    h.ok("log", "note", "after")
    live.wait(15, function() return told(h):find("mended", 1, true) end)
    expect({ count(told(h), "\n"), count(told(h), "mended") }).equals { 4, 1 }
    os.remove(file)
    h.ok("log", "note", "gone")
    sw.sys.sleep(1500)
    expect(count(told(h), "\n")).equals(4)
    engine.stop()
    h.remove()
  end)

  it("takes on its zone, its configuration and a mended rule, and keeps what was good meanwhile", function()
    local h = flow.home("UTC")
    local at = (tonumber(os.date("!%H")) + 12) % 24 -- today in both zones, and nine hours earlier in the other
    rule(h, "daily", ('sw.at "%02d:00"'):format(at))
    rule(h, "heard", 'sw.event "note.created"')
    local engine = live.spawn(h.command("run"))
    engine.await("running; home")
    local function due() -- of the rule's time; nothing while it is planned anew
      for _, job in ipairs(h.json("jobs")) do
        if job.kind == "schedule" then
          return sw.time.parse(job.due)
        end
      end
    end
    local before = live.wait(15, due)
    h.ok("init", "--zone", "Asia/Tokyo")
    local after = live.wait(90, function()
      local planned = due()
      return planned ~= before and planned
    end)
    expect((after - before) // 3600000).equals(-9)

    local own = h.dir .. "/own.log"
    flow.write(h.dir .. "/config.lua", ('return { channels = { file = { path = "%s" } } }'):format(own))
    engine.kill("HUP")
    engine.await("reloading.*reloading")
    h.ok("log", "note", "one")
    expect(live.wait(10, function() return flow.read(own) end) ~= nil).is_true()

    flow.write(h.dir .. "/config.lua", "return { channels = {")
    flow.write(h.dir .. "/rules/automations/bad.lua", "return {")
    engine.kill("HUP")
    engine.await("the old configuration stays")
    engine.await("bad.lua.-; this rule is off")
    flow.beside(h.command("log", "note", "two"))
    sw.sys.sleep(500)
    flow.write(h.dir .. "/config.lua", ('return { channels = { file = { path = "%s" } } }'):format(own))
    h.ok("log", "note", "three")
    live.wait(10, function() return count(flow.read(own), "\n") == 2 end)
    expect({ count(flow.read(own), "\n"), flow.read(h.dir .. "/notifications.log") }).equals { 2 }
    engine.stop()
    h.remove()
  end)
end)

describe("what was given up", function()
  it("is listed, tried again or forgotten, and then status is well", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/db.py", ([[import sqlite3
db = sqlite3.connect("%s/syncwell.db")
for n in (900001, 900002):
    db.execute("insert into job (id, person_id, kind, name, state, urgency, due_ms, lease_ms, generation, attempts, payload, progress, failure) "
      "select ?, id, 'watch', ?, 2, 0, 1767225600000, 0, 6, 6, '{}', '', 'no room' from person", (n, "w%%d" %% n))
db.commit()]]):format(h.dir))
    expect(flow.sh("python3 " .. h.dir .. "/db.py").err).equals("")
    local s = h.run("status")
    expect(s.code).equals(4)
    expect(s.out).contains("given up     900001 watch w900001, 2026-01-01T00:00:00Z: no room")
    expect(s.out).contains("syncwell jobs retry")
    expect(h.ok("jobs", "forget", "900001").out).contains("forgotten: 1")
    expect(h.ok("jobs", "retry", "--json").out).equals('{"retried":1}\n')
    expect(h.run("jobs", "retry", "900001").code).equals(2)
    expect(h.json("jobs")[1].state).equals("ready")
    h.ok("run", "--once")
    expect(#h.json("jobs")).equals(0)
    expect(h.run("status", "--check").code).equals(0)
    h.remove()
  end)
end)
