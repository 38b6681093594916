-- SPDX-License-Identifier: MIT
-- Scripts of strangers: what they may do is shown, accepted, pinned and kept to; what changes afterwards asks.
local flow = require("flow")

local json = sw.json

local function rule(id, more, body)
  return ([[local sw = require "syncwell"
return sw.rule { title = "%s", on = sw.event "workout.created", backfill = true, %s
  run = function(w, ctx) %s end }
]]):format(id, more or "", body or 'ctx.log "ran"')
end

local function provider(id, more, reads)
  return ([[local sw = require "syncwell"
return sw.provider { id = "%s", title = "T", hosts = { "localhost", "x.example" %s }, base = "https://x.example",
  auth = sw.key { header = "X-Key", secret = "api_key" }, secrets = { api_key = "x" }, %s }
]]):format(id, more or "", reads or 'reads = { all = { fetch = function(acct, window, out) end } }')
end

-- A folder as one would download it.
local function download(files)
  local dir = flow.temp() .. "/acme"
  for name, text in pairs(files) do
    sw.fs.mkdir((dir .. "/" .. name):match("^(.*)/"))
    flow.write(dir .. "/" .. name, text)
  end
  return dir
end

local function rules_of(h)
  local by_name = {}
  for _, r in ipairs(h.json("rules", "list")) do
    by_name[r.name] = r
  end
  return by_name
end

local function workout(h, name)
  local gpx = ([[<gpx version="1.1" creator="t"><trk><name>%s</name><trkseg>
<trkpt lat="50.0" lon="8.0"><time>2026-03-0%dT08:00:00Z</time></trkpt>
<trkpt lat="50.01" lon="8.0"><time>2026-03-0%dT09:30:00Z</time></trkpt></trkseg></trk></gpx>]]):format(name, name, name)
  flow.write(h.dir .. "/" .. name .. ".gpx", gpx)
  h.ok("import", h.dir .. "/" .. name .. ".gpx")
  h.ok("run", "--once")
end

describe("a package", function()
  it("in a folder beside one is told how to be named", function()
    local h = flow.home("UTC")
    sw.fs.mkdir(h.dir .. "/beside/acme")
    local r = flow.sh(("cd %s/beside && %s"):format(h.dir, h.command("rules", "install", "acme")))
    expect(r.code).equals(2)
    expect(r.err).contains("syncwell rules install ./acme")
    h.remove()
  end)

  it("shows what it may do and is not installed without a yes", function()
    local h = flow.home("UTC")
    local dir = download { ["package.lua"] = 'local sw = require "syncwell"\n'
      .. 'return sw.package { id = "acme", title = "Acme rules", version = "1.2" }',
      ["rules/automations/nag.lua"] = rule("Nag", 'uses = { "notify" }, reads = { "steps" },'),
      ["rules/automations/plain.lua"] = rule("Plain") }
    local r = h.run("rules", "install", dir)
    expect(r.code).equals(3)
    expect(r.out).contains("Acme rules 1.2: 2 scripts")
    expect(r.out).contains("rule nag may: read your steps and workout; send you notifications")
    expect(r.out).contains("rule plain may: read all of your data")
    expect(r.err).contains("--yes accepts that")
    expect(rules_of(h).nag).is_nil()
    local fine = h.ok("rules", "install", dir, "--yes")
    expect(fine.out).contains("pinned")
    expect(rules_of(h).nag.state).equals("on")
    h.remove()
  end)

  it("whose file changed on disk stays off until it is installed again", function()
    local h = flow.home("UTC")
    local dir = download { ["good.lua"] = rule("Good"), ["other.lua"] = rule("Other") }
    h.ok("rules", "install", dir, "--yes")
    flow.write(h.dir .. "/packages/acme/rules/automations/good.lua", rule("Good", nil, 'ctx.log "changed"'))
    local all = rules_of(h)
    expect(all.good.state).equals("broken")
    expect(all.good.error).contains("it changed since package 'acme' was installed")
    expect(all.other.state).equals("on")
    expect(h.run("status").out).contains("it changed since package")
    workout(h, 1)
    local ran = {}
    for _, f in ipairs(h.json("rules", "trace")) do
      ran[f.rule] = true
    end
    expect(ran.other and not ran.good).is_true()
    h.ok("rules", "install", dir, "--yes")
    expect(rules_of(h).good.state).equals("on")
    h.remove()
  end)

  it("that is updated asks when it wants more, and only then", function()
    local h = flow.home("UTC")
    h.ok("rules", "install", download { ["a.lua"] = rule("A", 'reads = { "steps" }, uses = { "notify" },') }, "--yes")
    local same = h.run("rules", "install", download { ["a.lua"] = rule("A2", 'reads = { "steps" },') })
    expect(same.code).equals(0)
    expect(same.out).contains("nothing it may not do already")
    local wider = h.run("rules", "install",
      download { ["a.lua"] = rule("A3", 'reads = { "steps", "weight" }, uses = { "calendar:write" },') })
    expect(wider.code).equals(3)
    expect(wider.out).contains("new since the last time: read your weight; write calendar entries")
    expect(h.json("rules", "list")[1].title).equals("A2")
    h.remove()
  end)

  it("takes no name that is there already, holds no broken script, and goes with its files", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/mine.lua", rule("Mine"))
    local r = h.run("rules", "install", download { ["mine.lua"] = rule("Theirs") }, "--yes")
    expect(r.err).contains("there is a rule 'mine' already (yours)")
    r = h.run("rules", "install", download { ["hydrate.lua"] = rule("Theirs") }, "--yes")
    expect(r.err).contains("already (shipped)")
    r = h.run("rules", "install", download { ["x.lua"] = rule("Theirs", "execut = 1,") }, "--yes")
    expect(r.err).contains("unknown key 'execut' in rule")
    h.ok("rules", "install", download { ["fine.lua"] = rule("Theirs") }, "--yes")
    expect(rules_of(h).fine ~= nil).is_true()
    h.ok("rules", "remove", "acme")
    expect(rules_of(h).fine).is_nil()
    expect(sw.fs.stat(h.dir .. "/packages/acme")).is_nil()
    h.remove()
  end)
end)

-- One that says here, where it is looked at, `seen`, and where it is installed `meant`.
local function two_faced(seen, meant)
  return ([[local sw = require "syncwell"
local _, why = pcall(function() error("x", 1) end)
if tostring(type(why) == "table" and (why.message or why.text) or why):find("^rules/") then %s end
%s]]):format(meant, seen)
end

describe("a package that says one thing and does another", function()
  local harmless = rule("Harmless", 'reads = { "steps" },')

  it("may do what was shown when it was installed and nothing else", function()
    local h = flow.home("UTC")
    local meant = rule("Thief", 'uses = { "notify", "http:thief.example" },', 'ctx.notify { text = "gotcha" }')
      :gsub('^local sw = require "syncwell"\n', "")
    h.ok("rules", "install", download { ["sly.lua"] = two_faced(harmless, meant), ["good.lua"] = rule("Good") },
      "--yes")
    local all = rules_of(h)
    expect(all.sly.state).equals("broken")
    expect(all.sly.error).contains("it would also read all of your data; talk to thief.example; send you notifications")
    expect(all.good.state).equals("on")
    workout(h, 1)
    expect(flow.read(h.dir .. "/notifications.log")).is_nil()
    h.remove()
  end)

  it("talks to the hosts that were shown and to no other", function()
    local h = flow.home("UTC")
    local seen, meant = provider("acme"), provider("acme", ', "thief.example"'):gsub('^local sw = require "syncwell"\n', "")
    h.ok("rules", "install", download { ["acme.lua"] = (two_faced(seen, meant):gsub("%^rules/", "^providers/")) }, "--yes")
    local r = h.run("connect", "acme")
    expect(r.code ~= 0).is_true()
    expect(r.err).contains("it would also talk to thief.example, which was not shown when the package 'acme' was installed")
    h.remove()
  end)

  it("cannot take the other rules down by a declaration of odd types", function()
    for _, meant in ipairs { "max_per = 5", "uses = 7", "uses = { {} }", "on = 5", "on = { kind = 'any', of = { 5 } }",
      "reads = { {} }", "params = { a = { kind = 'x' } }", "title = {}", "quiet_hours = {}" } do
      local h = flow.home("UTC")
      meant = ("local d = { kind = 'rule', run = true, on = { kind = 'event', event = 'workout.created' } } "
        .. "d.%s return d"):format(meant)
      h.ok("rules", "install", download { ["odd.lua"] = two_faced(harmless, meant) }, "--yes")
      flow.write(h.dir .. "/rules/automations/mine.lua", rule("Mine"))
      local all = rules_of(h)
      expect(all.odd.state).equals("broken")
      expect(all.odd.error:find("traceback", 1, true)).is_nil()
      expect(h.run("rules", "show", "odd").code).equals(0)
      workout(h, 1)
      expect(h.json("rules", "trace")[1].rule).equals("mine")
      h.remove()
    end
  end)

  it("is refused with a sentence when it is named by what is no text, or holds a pipe", function()
    local h = flow.home("UTC")
    for _, d in ipairs { 'id = 5, title = "x"', 'id = {}, title = "x"', 'id = "acme", title = {}', 'id = "acme", title = "x", version = {}' } do
      local r = h.run("rules", "install", download { ["package.lua"] = "return { kind = 'package', " .. d .. " }", ["a.lua"] = rule("A") }, "--yes")
      expect(r.code).equals(1)
      expect(r.err).contains("in package is a text")
    end
    local dir = download { ["a.lua"] = rule("A") }
    expect(flow.sh("mkfifo " .. dir .. "/b.lua").code).equals(0)
    expect(flow.sh("timeout 20 " .. h.command("rules", "install", dir, "--yes")).err).contains("b.lua: this is no file but a folder, a device or a pipe")
    expect(flow.sh("timeout 20 " .. h.command("lint", dir)).code).equals(0)
    h.remove()
  end)
end)

describe("a package of one person", function()
  it("is neither changed nor removed by another person of the home", function()
    local h = flow.home("UTC")
    h.ok("--user", "anna", "init", "--zone", "UTC")
    local mine = download { ["a.lua"] = rule("A", 'reads = { "steps" },') }
    h.ok("rules", "install", mine, "--yes")
    local r = h.run("--user", "anna", "rules", "install", download { ["a.lua"] = rule("Anna's") }, "--yes")
    expect(r.code).equals(2)
    expect(r.err).contains("me of this home has another package 'acme'")
    h.ok("--user", "anna", "rules", "install", mine, "--yes")
    h.ok("--user", "anna", "rules", "remove", "acme")
    expect(rules_of(h).a.state).equals("on")
    h.ok("rules", "remove", "acme")
    expect(sw.fs.stat(h.dir .. "/packages/acme")).is_nil()
    h.remove()
  end)
end)

describe("what a rule reads", function()
  it("is what it lists, and each call is held to it", function()
    local h = flow.home("UTC")
    local body = [[for _, what in ipairs { "steps", "weight" } do
      local ok, why = pcall(ctx.series, what, { last = "7d" })
      ctx.log(what .. " " .. tostring(ok) .. " " .. tostring(type(why) == "table" and why.message or why))
    end
    local fine, why = pcall(ctx.records, "sleep", { last = "7d" })
    ctx.log("sleep " .. tostring(fine))
    ctx.log("workout " .. tostring(pcall(ctx.records, "workout", { last = "7d" })))]]
    flow.write(h.dir .. "/rules/automations/narrow.lua", rule("Narrow", 'reads = { "steps" },', body))
    flow.write(h.dir .. "/rules/automations/wide.lua", rule("Wide", nil, body))
    workout(h, 2)
    local log = {}
    for _, f in ipairs(h.json("rules", "trace")) do
      local lines = {}
      for i, l in ipairs(f.log) do
        lines[i] = type(l) == "table" and l.text or l
      end
      log[f.rule] = table.concat(lines, "\n")
    end
    expect(log.narrow).contains("steps true")
    expect(log.narrow).contains("weight false")
    expect(log.narrow).contains("does not say that it reads 'weight'")
    expect(log.narrow).contains("sleep false")
    expect(log.narrow).contains("workout true")
    expect(log.wide).contains("weight true")
    expect(log.wide).contains("sleep true")
    h.remove()
  end)
end)

describe("a shipped rule", function()
  it("that asks for more than was accepted waits for its user", function()
    local h = flow.home("UTC")
    h.ok("rules", "install", "hydrate")
    local sql = ([[python3 - "%s/syncwell.db" <<'PY'
import sqlite3, sys, json
db = sqlite3.connect(sys.argv[1])
body = json.loads(db.execute("select body from doc where kind='rule' and name='hydrate'").fetchone()[0])
assert "uses:calendar:write" in body["may"], body
body["may"].remove("uses:calendar:write")
db.execute("update doc set body=? where kind='rule' and name='hydrate'", (json.dumps(body),))
db.commit()
PY]]):format(h.dir)
    expect(flow.sh(sql).err).equals("")
    expect(rules_of(h).hydrate.state).equals("asks")
    expect(h.run("status").out).contains("would also write calendar entries; allow it with: syncwell rules install hydrate")
    workout(h, 3)
    expect(#h.json("rules", "trace")).equals(0)
    h.ok("rules", "install", "hydrate")
    expect(rules_of(h).hydrate.state).equals("on")
    h.remove()
  end)
end)

describe("the credentials of a connection", function()
  local asked = 0
  local port = assert(sw.serve.listen("127.0.0.1:0", function(_, answer)
    asked = asked + 1
    answer(200, { ["Content-Type"] = "application/json" }, "[]")
  end))
  local url = "http://127.0.0.1:" .. port
  local fetch = 'reads = { all = { fetch = function(acct, window, out) acct.request { path = "/" } end } }'

  local function connected(from)
    local h = flow.home("UTC")
    if from == "own" then
      flow.write(h.dir .. "/providers/acme.lua", provider("acme", nil, fetch))
    else
      h.ok("rules", "install", download { ["providers/acme.lua"] = provider("acme", nil, fetch) }, "--yes")
    end
    local r = flow.beside("printf 'k-1234567\n' | " .. h.command("connect", "acme", "--base-url", url), 60)
    expect(r.out).contains("talk to localhost and x.example")
    expect(r.code).equals(0)
    return h
  end

  it("are not used by a script that took the place of another one, until that is approved", function()
    local h = connected("package")
    flow.write(h.dir .. "/providers/acme.lua", provider("acme", nil, fetch))
    local before = asked
    local r = flow.beside(h.command("sync"), 60)
    expect(r.out).contains("its script is now another one (own, it was package acme)")
    expect(asked).equals(before)
    expect(h.json("connections")[1].state).equals("needs_user")
    h.ok("connections", "approve", "acme")
    flow.beside(h.command("sync"), 60)
    expect(asked > before).is_true()
    h.remove()
  end)

  it("are not used by a script that came to want another host, but by one that was only edited", function()
    local h = connected("own")
    local before = asked
    flow.write(h.dir .. "/providers/acme.lua", provider("acme", nil, fetch) .. "-- edited\n")
    flow.beside(h.command("sync"), 60)
    expect(asked > before).is_true()
    before = asked
    flow.write(h.dir .. "/providers/acme.lua", provider("acme", ', "thief.example"', fetch))
    local r = flow.beside(h.command("sync"), 60)
    expect(r.out).contains("would now also talk to thief.example")
    expect(asked).equals(before)
    h.remove()
  end)

  it("bring only what the script lists", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/providers/acme.lua", provider("acme", nil, [[metrics = { "note" },
      reads = { all = { fetch = function(acct, window, out)
        out.record { kind = "note", id = "n", start = window.from, attributes = { text = "x" } }
        out.record { kind = "workout", id = "w", start = window.from, attributes = { sport = "running" } }
      end } }]]))
    local r = flow.beside("printf 'k-1234567\n' | " .. h.command("--json", "connect", "acme", "--base-url", url), 60)
    local out = json.decode(r.out:match("{.*}"))
    expect(out.sync.new).equals(1)
    expect(out.sync.reasons["workout, which the script does not say it brings"]).equals(1)
    h.remove()
  end)
end)
