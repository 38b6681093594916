-- What rules do beside messages: records, tags, tasks, syncs, other rules, entries changed and taken away.
-- Each is done once, whatever is repeated; backtests and dry runs do nothing.
local flow = require("flow")

local NOON = "2026-03-01T12:00:00Z"

local function rule(h, name, uses, body, more)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "%s.created", uses = { %s }, %s
  run = function(w, ctx) %s end }
]]):format(more and more.on or "workout", uses, more and more.keys or "", body))
end

local function log(h, ...)
  h.ok("--now", NOON, "log", ...)
end

local function step(h, at)
  h.ok("--now", at or NOON, "run", "--once")
end

local function home(...)
  local h = flow.home("UTC")
  rule(h, ...)
  step(h, "2026-03-01T11:00:00Z")
  return h
end

local function states(h, name)
  local list = {}
  for _, f in ipairs(h.json("rules", "trace", name)) do
    for _, a in ipairs(f.actions) do
      list[#list + 1] = a.state
    end
  end
  return list
end

describe("record.add", function()
  it("stores a note that knows its firing, once, and undo takes it back", function()
    local h = home("felt", '"record:write"', [[ctx.record.add { kind = "note", start = w.finish,
      attributes = { text = "after " .. w.sport } }]])
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    step(h)
    local notes = h.json("records", "note")
    expect(#notes).equals(1)
    expect(notes[1].attributes.text).equals("after running")
    expect(notes[1].attributes.derived_from).contains("felt|")
    expect(notes[1].origin).equals("rule felt")
    expect(states(h, "felt")).equals { "done" }
    local run
    for _, r in ipairs(h.json("undo")) do
      run = r.what == "rule" and r.run or run
    end
    h.ok("undo", tostring(run))
    expect(#h.json("records", "note")).equals(0)
    h.remove()
  end)

  it("stores a value that lasts over all of its time", function()
    local h = home("calm", '"record:write"', [[ctx.record.add { metric = "mindful_minutes", value = 45,
      start = w.start, finish = w.finish }]])
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    step(h)
    local line = h.ok("query", "mindful_minutes", "--every", "raw", "--from", "2026-03-01", "--to", "2026-03-01").out
    expect(line).contains('"start":"2026-03-01T10:00:00')
    expect(line).contains('"finish":"2026-03-01T10:45:00')
    h.remove()
  end)

  it("stores a value in its own unit and says which one is no good", function()
    local h = home("gel", '"record:write"', [[ctx.record.add { metric = "caffeine", value = 0.08, unit = "g",
      start = w.start }
      ctx.record.add { metric = "weight", value = 9000, start = w.start }
      ctx.record.add { kind = "wrkout", start = w.start }]])
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    step(h)
    expect(h.json("query", "caffeine", "--from", "2026-03-01", "--to", "2026-03-01")[1].value).equals(80)
    local s = states(h, "gel")
    expect(s[1]).equals("done")
    expect(s[2]).contains("failed: 9000 kg of weight is not plausible")
    expect(s[3]).contains("failed: record.add: 'wrkout' is none of")
    h.remove()
  end)
end)

describe("record.tag", function()
  it("tags the record that fired once, and rules on updates do not go round", function()
    local h = home("long", '"record:write"', 'ctx.record.tag "long"')
    rule(h, "again", '"record:write"', 'ctx.record.tag "long"', { keys = "", on = "workout" })
    flow.write(h.dir .. "/rules/automations/again.lua", (flow.read(h.dir .. "/rules/automations/again.lua"):gsub("created", "updated")))
    log(h, "workout", "running", "95min", "2026-03-01 10:00")
    step(h)
    step(h, "2026-03-01T12:30:00Z")
    local w = h.json("records", "workout")
    expect(#w).equals(1)
    expect(w[1].attributes.tags).equals { "long" }
    expect(states(h, "long")).equals { "done" }
    expect(#states(h, "again") <= 1).is_true()
    h.remove()
  end)
end)

describe("task.add", function()
  it("writes a task that the list and the feed show until it is done", function()
    local h = home("strips", '"task:write"', 'ctx.task.add { title = "Order strips", due = w.finish + "2d" }')
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    step(h)
    local list = h.json("tasks")
    expect(#list).equals(1)
    expect({ list[1].title, list[1].rule, list[1].due:sub(1, 16) }).equals { "Order strips", "strips", "2026-03-03T10:45" }
    local feed = flow.read(h.dir .. "/calendar.ics")
    expect(feed).contains("BEGIN:VTODO")
    expect(feed).contains("DUE:20260303T104500Z")
    h.ok("--now", NOON, "tasks", "done", list[1].id:sub(1, 4))
    expect(h.json("tasks")[1].done:sub(1, 10)).equals("2026-03-01")
    expect(flow.read(h.dir .. "/calendar.ics")).contains("STATUS:COMPLETED")
    h.ok("tasks", "remove", list[1].id)
    expect(#h.json("tasks")).equals(0)
    expect(flow.read(h.dir .. "/calendar.ics"):find("VTODO")).is_nil()
    local r = h.run("tasks", "done", "ffff")
    expect({ r.code, r.err:match("there is no task 'ffff'") }).equals { 2, "there is no task 'ffff'" }
    h.remove()
  end)
end)

describe("calendar.update and calendar.remove", function()
  it("change and take away the entry of that name, and say so where there is none", function()
    local h = home("plan", '"calendar:write"', [[
      if w.sport == "running" then ctx.calendar.add { uid = "rest", title = "Rest", at = w.finish + "1d" }
      elseif w.sport == "cycling" then ctx.calendar.update { uid = "rest", title = "Rest more", duration = "2h" }
      else ctx.calendar.remove "rest" end]])
    log(h, "workout", "cycling", "45min", "2026-03-01 08:00")
    step(h)
    expect(states(h, "plan")[1]).equals("skipped: there is no entry of that uid")
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    expect(flow.read(h.dir .. "/calendar.ics")).contains("SUMMARY:Rest\r\n")
    log(h, "workout", "cycling", "50min", "2026-03-01 09:00")
    step(h)
    local feed = flow.read(h.dir .. "/calendar.ics")
    expect(feed).contains("SUMMARY:Rest more\r\n")
    expect(feed).contains("SEQUENCE:1\r\n")
    expect(feed).contains("DTEND:20260302T124500Z")
    log(h, "workout", "swimming", "30min", "2026-03-01 11:00")
    step(h)
    expect(flow.read(h.dir .. "/calendar.ics"):find("VEVENT")).is_nil()
    h.remove()
  end)
end)

describe("calendar.add of the same uid", function()
  it("changes the entry, with a sequence that counts on", function()
    local h = home("plan", '"calendar:write"', 'ctx.calendar.add { uid = "next", title = "After " .. w.sport, at = w.finish + "1d" }')
    log(h, "workout", "running", "45min", "2026-03-01 08:00")
    step(h)
    log(h, "workout", "cycling", "45min", "2026-03-01 10:00")
    step(h)
    step(h)
    local feed = flow.read(h.dir .. "/calendar.ics")
    expect(select(2, feed:gsub("BEGIN:VEVENT", ""))).equals(1)
    expect(feed).contains("SUMMARY:After cycling")
    expect(feed).contains("SEQUENCE:1\r\n")
    h.remove()
  end)
end)

describe("rules pause", function()
  it("lets planned instants go by and begins anew with the next, while data is kept", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/daily.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "20:00", catch_up = "each", uses = { "notify" }, run = function(w, ctx) ctx.notify "x" end }]])
    step(h)
    h.ok("--now", NOON, "rules", "pause")
    expect(h.json("rules", "show", "daily").state).equals("held")
    expect(h.run("rules", "pause", "daily").err).contains("syncwell rules disable daily")
    step(h, "2026-03-02T21:00:00Z")
    h.ok("--now", "2026-03-02T21:00:00Z", "log", "weight", "80kg")
    expect(#h.json("query", "weight", "--from", "2026-03-02", "--to", "2026-03-02")).equals(1)
    h.ok("--now", "2026-03-03T12:00:00Z", "rules", "resume")
    step(h, "2026-03-03T21:00:00Z")
    local fired = h.json("rules", "trace")
    expect(#fired).equals(1)
    expect(fired[1].at:sub(1, 16)).equals("2026-03-03T20:00")
    h.remove()
  end)
end)

describe("sync.start", function()
  it("of a connection that is not there fails with the sentence", function()
    local h = home("ask", '"sync:start"', 'ctx.sync.start "strava"')
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    expect(states(h, "ask")[1]).contains("failed: there is no connection 'strava'")
    h.remove()
  end)
end)

describe("rule.fire", function()
  local function tell(h, name, body)
    flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.webhook "%s", uses = { "notify", "rule:fire" }, run = function(w, ctx) %s end }
]]):format(name, body))
  end

  it("shows the other rule the record, or a table as its body, once", function()
    local h = home("first", '"rule:fire"', 'ctx.rule.fire { rule = "second", event = w } ctx.rule.fire { rule = "third", event = { n = 3 } }')
    tell(h, "second", 'ctx.notify("second " .. tostring(w.elapsed))')
    tell(h, "third", 'ctx.notify(w.by .. " says " .. w.body.n)')
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    step(h)
    local text = flow.read(h.dir .. "/notifications.log")
    expect(text).contains("second 45 min")
    expect(text).contains("first says 3")
    expect(select(2, text:gsub("\n", ""))).equals(2)
    h.remove()
  end)

  it("goes round no circle and no deeper than eight, and the trace says why", function()
    local h = home("a", '"rule:fire"', 'ctx.rule.fire { rule = "b", event = w }')
    tell(h, "b", 'ctx.rule.fire { rule = "c", event = w }')
    tell(h, "c", 'ctx.rule.fire { rule = "b", event = w }')
    tell(h, "deep", 'ctx.rule.fire { rule = "deep", event = { n = 1 } }')
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    expect(states(h, "c")[1]).equals("refused: 'b' is in this chain already (a > b > c)")
    rule(h, "a", '"rule:fire"', 'ctx.rule.fire "deep"')
    log(h, "workout", "running", "50min", "2026-03-01 08:00")
    step(h)
    expect(#h.json("rules", "trace", "deep")).equals(7)
    expect(table.concat(states(h, "deep"), "\n")).contains("refused: a chain has at most 8 rules")
    h.remove()
  end)

  it("of a rule that is off or not there says so", function()
    local h = home("a", '"rule:fire"', 'ctx.rule.fire "b" ctx.rule.fire "bb"')
    tell(h, "b", "ctx.notify 'x'")
    h.ok("rules", "disable", "b")
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    step(h)
    expect(states(h, "a")[1]).equals("refused: the rule 'b' is off")
    expect(states(h, "a")[2]).contains("(did you mean 'b'?)")
    h.remove()
  end)
end)

describe("without the grant", function()
  it("each of these actions is refused in the rule, and a backtest does none", function()
    local h = home("all", '"record:write", "task:write", "rule:fire", "sync:start"', [[
      ctx.record.tag "x" ctx.task.add "y" ctx.rule.fire "all" ctx.sync.start "z"
      ctx.record.add { kind = "note", start = w.start, attributes = { text = "t" } }]])
    log(h, "workout", "running", "45min", "2026-03-01 10:00")
    local would = h.json("--now", NOON, "rules", "backtest", "all")
    expect(#would[1].actions).equals(5)
    expect(#h.json("tasks") + #h.json("records", "note")).equals(0)
    expect(h.json("records", "workout")[1].attributes.tags).is_nil()
    expect(h.ok("lint").out).contains("add and tag records; fire your other rules; start a sync; write tasks")
    rule(h, "none", '"notify"', 'ctx.task.add "y"')
    step(h)
    expect(h.ok("rules", "list").code).equals(0)
    expect(h.run("status").out).contains('ctx.task.add is not granted to this rule')
    h.remove()
  end)
end)

describe("a script's test", function()
  it("can expect each of these actions, and a sync that a rule starts asks the service once a minute", function()
    local h = home("busy", '"sync:start", "task:write", "record:write"', [[ctx.sync.start "intervals-icu"
      ctx.task.add "Wash shoes" ctx.record.tag "muddy" ]])
    flow.write(h.dir .. "/busy_test.lua", [[it("is busy", function(t)
  t.connect "intervals-icu"
  t.http.replay { { path = "/athlete/0/activities", body = "[]", again = true },
    { path = "/athlete/0/wellness", body = "[]", again = true } }
  t.rule "busy"
  t.event { "workout.created", sport = "running", elapsed = "45min" }
  local asked = #t.http.requests()
  expect(asked > 0).is_true()
  expect(t.actions("busy")[1].action).equals "sync.start"
  expect(t.tasks()[1].title).equals "Wash shoes"
  expect(t.records("workout")[1].attributes.tags[1]).equals "muddy"
  t.event { "workout.created", sport = "cycling", elapsed = "45min" }
  expect(#t.http.requests()).equals(asked)
  local states = {}
  for i, a in ipairs(t.actions "busy") do states[i] = a.state end
  expect(table.concat(states, "; ")).contains "skipped: intervals-icu was asked less than a minute ago"
end)]])
    local r = h.run("test", h.dir .. "/busy_test.lua")
    expect(r.out).contains("1 passed, 0 failed")
    h.remove()
  end)

  it("sees an entry taken away from the calendar server too, which may have lost it already", function()
    local h = home("plan", '"calendar:write"', [[if w.sport == "running" then
        ctx.calendar.add { uid = "rest", title = "Rest", at = w.finish + "1d" }
      else ctx.calendar.remove "rest" end]])
    flow.write(h.dir .. "/plan_test.lua", [[it("goes", function(t)
  t.connect("caldav", { base_url = "https://cloud.example/dav/me" })
  t.http.replay { { method = "PUT", path = "/rest.ics", status = 201 }, { method = "DELETE", path = "/rest.ics", status = 404 } }
  t.rule "plan"
  t.event { "workout.created", sport = "running", elapsed = "1h" }
  t.clock.advance "1h"
  t.event { "workout.created", sport = "swimming", elapsed = "30min" }
  expect(#t.calendar()).equals(0)
  expect(#t.http.requests()).equals(2)
  expect(t.http.requests()[2].method).equals "DELETE"
  t.clock.advance "2d"
  expect(#t.http.requests()).equals(2)
end)]])
    local r = h.run("test", h.dir .. "/plan_test.lua")
    expect(r.out).contains("1 passed, 0 failed")
    h.remove()
  end)
end)
