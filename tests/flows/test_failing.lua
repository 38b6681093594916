-- SPDX-License-Identifier: MIT
-- A script that keeps failing is told of once, counted, paused and can be resumed; others never notice.
local flow = require("flow")

local function rule(body)
  return ([[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event "workout.created", backfill = true, run = function(w, ctx)
  %s
end }
]]):format(body)
end

local n = 0

-- So many new workouts, each an event of its own.
local function workouts(h, count)
  local dir = flow.temp()
  for _ = 1, count do
    n = n + 1
    local day = os.date("!%Y-%m-%d", 1767225600 + n * 86400)
    flow.write(("%s/w%d.gpx"):format(dir, n), ([[<gpx version="1.1" creator="t"><trk><name>%d</name><trkseg>
<trkpt lat="50.0" lon="8.0"><time>%sT08:00:00Z</time></trkpt>
<trkpt lat="50.01" lon="8.0"><time>%sT09:30:00Z</time></trkpt></trkseg></trk></gpx>]]):format(n, day, day))
  end
  h.ok("import", dir)
  return h.run("run", "--once")
end

local function home(files)
  local h = flow.home("UTC")
  for name, text in pairs(files) do
    flow.write(h.dir .. "/rules/automations/" .. name .. ".lua", text)
  end
  return h
end

local function state(h, name)
  for _, r in ipairs(h.json("rules", "list")) do
    if r.name == name then
      return r.state
    end
  end
end

local function log_of(h)
  return flow.read(h.dir .. "/notifications.log") or ""
end

describe("a rule that keeps failing", function()
  it("is paused after ten failures in a row, its user is told once, and the good one goes on", function()
    local h = home { bad = rule 'error("no such luck")', good = rule 'ctx.log "fine"' }
    workouts(h, 9)
    expect(state(h, "bad")).equals("on")
    workouts(h, 1)
    expect(state(h, "bad")).equals("paused")
    workouts(h, 3)
    local _, told = log_of(h):gsub("'bad' failed 10 times in a row", "")
    expect(told).equals(1)
    expect(log_of(h)).contains("syncwell rules resume bad")
    local fired = {}
    for _, f in ipairs(h.json("rules", "trace")) do
      fired[f.rule] = (fired[f.rule] or 0) + 1
    end
    expect(fired.good).equals(13)
    local cost = {}
    for _, r in ipairs(h.json("rules", "top")) do
      cost[r.name] = r
    end
    expect(cost.good.runs).equals(13)
    expect(cost.good.failed).equals(0)
    expect(cost.bad.runs).equals(10)
    expect(cost.bad.failed).equals(10)
    expect(cost.bad.last_error).contains("no such luck")
    expect(cost.good.cpu_us > 0 and cost.good.p95_us <= cost.good.most_us).is_true()
    expect(h.ok("rules", "top").out).contains("no such luck")
    h.remove()
  end)

  it("shows each error once with its count and the last good run, and goes on when resumed", function()
    local h = home { odd = rule 'if w.start >= "2026-01-05T00:00:00Z" then error("too late for me") end' }
    n = 0
    workouts(h, 3)
    workouts(h, 10)
    local s = h.json("status")
    expect(#s.rule_errors).equals(1)
    expect(s.rule_errors[1].count).equals(10)
    expect(s.rule_errors[1].text).contains("rules/automations/odd.lua:3: too late for me")
    expect(s.rule_errors[1].last_good ~= nil).is_true()
    expect(s.paused_rules[1].rule).equals("odd")
    expect(h.run("status").out).contains("odd failed 10 times")
    expect(h.run("status", "--check").code).equals(4)
    local r = h.run("rules", "enable", "odd")
    expect(r.code).equals(2)
    expect(r.err).contains("syncwell rules resume odd")
    h.ok("rules", "resume", "odd")
    expect(state(h, "odd")).equals("on")
    expect(#h.json("status").rule_errors).equals(0)
    expect(h.run("rules", "resume", "odd").err).contains("'odd' is not paused")
    h.remove()
  end)

  it("that loops is paused too, and tried again once its file is changed", function()
    local h = home { bomb = rule 'while true do end' }
    n = 20
    flow.write(h.dir .. "/config.lua", "return { limits = { rule_ms = 20 } }")
    workouts(h, 12)
    expect(state(h, "bomb")).equals("paused")
    flow.write(h.dir .. "/rules/automations/bomb.lua", rule 'ctx.log "mended"')
    expect(state(h, "bomb")).equals("on")
    workouts(h, 1)
    expect(h.json("rules", "trace")[1].rule).equals("bomb")
    h.remove()
  end)

  it("says nothing when the notice is turned off, and a misspelt notice is named", function()
    local h = home { bad = rule 'error("x")' }
    flow.write(h.dir .. "/config.lua", 'return { notices = { ["rule.paused"] = false } }')
    workouts(h, 10)
    expect(state(h, "bad")).equals("paused")
    expect(log_of(h)).equals("")
    flow.write(h.dir .. "/config.lua", 'return { notices = { ["rule.pausd"] = false } }')
    expect(h.run("status").err).contains("did you mean 'rule.paused'?")
    h.remove()
  end)
end)

describe("a provider script that keeps failing", function()
  it("has its connection paused with the sentence and the command that goes on", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/providers/acme.lua", [[local sw = require "syncwell"
return sw.provider { id = "acme", title = "Acme", hosts = { "localhost" }, base = "http://localhost",
  auth = sw.key { header = "X-Key", secret = "api_key" }, secrets = { api_key = "x" },
  reads = { all = { fetch = function(acct, window, out) error "never worked" end } } }
]])
    flow.sh("printf 'k-1234567\n' | " .. h.command("connect", "acme", "--base-url", "http://127.0.0.1:9"))
    for _ = 1, 10 do
      h.run("sync")
    end
    local c = h.json("connections")[1]
    expect(c.state).equals("paused")
    expect(c.sentence).contains("its script failed 10 times in a row")
    expect(c.sentence).contains("syncwell connections resume acme")
    h.run("run", "--once")
    expect(log_of(h)).contains("The script of acme failed 10 times")
    h.ok("connections", "resume", "acme")
    expect(h.json("connections")[1].state).equals("active")
    h.remove()
  end)
end)
