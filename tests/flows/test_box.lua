-- SPDX-License-Identifier: MIT
-- Hostile scripts beside good ones, through the real program: each bad one is stopped and named, the
-- good ones fire for everything, the engine stays up, and nothing is left running afterwards.
local flow = require("flow")
local world = require("world")

local NOW = "2025-06-01T12:00:00Z"
local GOOD = { "first", "middle", "zulu" } -- loaded before, between and after the bad ones

local head = [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "workout.created", backfill = true, uses = { "notify" },
  run = function(w, ctx)
]]

-- name -> body of run, what the error says, and the line it names where that can be known
local BAD = {
  loops = { body = "    while true do end", says = "CPU time", line = 4 },
  hoards = { body = "    local s = 'x' while true do s = s .. s end", says = "MB of memory" },
  opens = { body = "    return io.open('/etc/passwd')", says = "io", line = 4 },
  crashes = { says = "crashed its worker", body = [[
    local mt = {}
    local t = setmetatable({}, mt)
    local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
    mt.__concat = function() deep(15000) return "x" end
    local s = "a"
    for _ = 1, 50 do
      coroutine.wrap(function() return s .. t .. s .. t .. s .. t .. s .. t .. s .. t end)()
    end]] },
}

local function put_rule(h, name, body)
  flow.write(h.dir .. "/rules/automations/" .. name .. ".lua", head .. body .. "\n  end }\n")
end

local function prepared()
  local h = flow.home("Europe/Berlin")
  for _, name in ipairs(GOOD) do
    put_rule(h, name, ('    ctx.notify("%s " .. w.id)'):format(name))
  end
  for name, bad in pairs(BAD) do
    put_rule(h, name, bad.body)
  end
  return h
end

-- Import made-up workouts, at a data time or now; gives how many there are.
local function import_workouts(h, now)
  local w = world.new(h.dir, { days = 30, seed = 5, first = "2025-04-01" })
  local words, most = now and { "--now", now, "import" } or { "import" }, math.min(12, #w.plan.workouts)
  for i = 1, most do
    words[#words + 1] = w.activity(i, "fit")
  end
  h.ok(table.unpack(words))
  return most
end

-- Name of a good rule -> set and number of the workouts it spoke about.
local function spoken(h)
  local by, n = {}, {}
  for name, id in (flow.read(h.dir .. "/notifications.log") or ""):gmatch("  (%l+) (%x+)  %[") do
    by[name] = by[name] or {}
    n[name] = (n[name] or 0) + (by[name][id] and 0 or 1)
    expect(by[name][id]).is_nil() -- never twice
    by[name][id] = true
  end
  return n
end

local function expect_good(h, count)
  local n = spoken(h)
  for _, name in ipairs(GOOD) do
    expect(n[name]).equals(count)
  end
end

local function expect_named(h, ...)
  local errors = {}
  for _, e in ipairs(h.json(...).rule_errors) do
    errors[e.rule] = e.text
  end
  for name, bad in pairs(BAD) do
    expect(errors[name]).contains(bad.says)
    expect(errors[name]).contains(("rules/automations/%s.lua"):format(name) .. (bad.line and ":" .. bad.line or ""))
  end
  for _, name in ipairs(GOOD) do
    expect(errors[name]).is_nil()
  end
end

-- Box processes of this very program, once those that were told to end had a moment to do so.
local function boxes_left()
  local pattern = flow.quote("^" .. flow.binary .. "-box")
  return flow.sh(("for i in $(seq 40); do pgrep -f %s >/dev/null || break; sleep 0.05; done; pgrep -f -a %s || true"):format(
    pattern, pattern)).out
end

describe("bad rules beside good ones", function()
  it("are each stopped and named, the good ones fire for every workout, and no box is left", function()
    local h = prepared()
    local count = import_workouts(h, NOW)
    h.ok("--now", NOW, "run", "--once")
    expect_good(h, count)
    expect_named(h, "--now", NOW, "status")
    expect(boxes_left()).equals("")
    h.remove()
  end)

  it("do not take a running engine down: the same process fires the good ones and ends when told", function()
    local h = prepared()
    local quoted = flow.quote(h.dir)
    flow.write(h.dir .. "/start.sh", ("%s run 2>%s/log & echo $! >%s/pid; wait $!; echo $? >%s/ended\n"):format(
      h.command(), quoted, quoted, quoted))
    flow.sh(("setsid sh %s/start.sh >/dev/null 2>&1 </dev/null &\nfor i in $(seq 100); do grep -q running %s/log 2>/dev/null && break; sleep 0.05; done"):format(
      quoted, quoted))
    local count = import_workouts(h)
    local lines = count * #GOOD
    flow.sh(("for i in $(seq 600); do [ $(grep -cE '  (first|middle|zulu) ' %s/notifications.log 2>/dev/null || echo 0) -ge %d ] && break; sleep 0.1; done"):format(
      quoted, lines))
    flow.sh(("for i in $(seq 300); do %s --json status | grep -q hoards && break; sleep 0.1; done"):format(h.command()))
    local pid = flow.read(h.dir .. "/pid"):match("%d+")
    expect(flow.sh("kill -0 " .. pid).code).equals(0)
    expect(flow.sh(("tr '\\0' ' ' </proc/%s/cmdline"):format(pid)).out).contains(flow.binary)
    expect_good(h, count)
    expect_named(h, "status")
    flow.sh(("kill -TERM %s; for i in $(seq 200); do [ -s %s/ended ] && break; sleep 0.05; done"):format(pid, quoted))
    expect(flow.read(h.dir .. "/ended")).equals("0\n")
    expect(boxes_left()).equals("")
    h.remove()
  end)

  it("of one person see nothing of another's data, whatever they ask for", function()
    local h = flow.home("UTC")
    local w = world.new(h.dir, { days = 10, seed = 2, first = "2025-05-20" })
    h.ok("--user", "anna", "init", "--test", "--quiet", "--zone", "UTC")
    h.ok("--user", "anna", "--now", NOW, "import", w.activity(1, "fit"))
    flow.write(h.dir .. "/rules/automations/spy.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "11:00", uses = { "notify" },
  run = function(_, ctx)
    local seen = #ctx.records("workout", { last = "400d" }) + ctx.series("heart_rate", { last = "400d" }).n
    local tricks = 0
    for _, key in ipairs { "user", "who", "person", "person_id" } do
      tricks = tricks + (pcall(ctx.records, "workout", { last = "400d", [key] = "anna" }) and 1 or 0)
    end
    ctx.notify("user " .. tostring(ctx.user) .. " seen " .. seen .. " tricks " .. tricks)
  end }
]])
    for _, name in ipairs { "me", "anna" } do
      h.ok("--user", name, "--now", "2025-06-01T10:00:00Z", "run", "--once")
      h.ok("--user", name, "--now", NOW, "run", "--once")
    end
    local log = flow.read(h.dir .. "/notifications.log")
    expect(log).contains("user me seen 0 tricks 0")
    expect(log:find("user anna seen [1-9]%d* tricks 0") ~= nil).is_true() -- her own data is there
    h.remove()
  end)
end)

local function script(h, source, ...)
  local path = flow.write(h.dir .. "/try.lua", source)
  return h.run("script", "run", path, ...)
end

describe("script run", function()
  local h = flow.home("UTC")

  it("stops each bad script with exit 1 and one error that says what happened", function()
    for _, bad in pairs(BAD) do
      local r = script(h, bad.body)
      expect(r.code).equals(1)
      expect(r.out).equals("")
      expect(r.err).contains(bad.says)
      expect(select(2, r.err:gsub("syncwell: ", ""))).equals(1)
      expect(not bad.line or r.err:find("try.lua:1:", 1, true) ~= nil).is_true()
    end
    expect(boxes_left()).equals("")
  end)

  it("prints what fine files return", function()
    local cases = {
      { "return 6 * 7", "42\n" }, { "return 'a', true, 1.5", "a\ntrue\n1.5\n" }, { "return", "" },
      { "return (function(n) local s = 0 for i = 1, n do s = s + i end return s end)(100)", "5050\n" },
      { "return table.concat({ ('x'):rep(3), string.format('%05.2f', 3.14159) }, ' ')", "xxx 03.14\n" },
    }
    for _, c in ipairs(cases) do
      local r = script(h, c[1])
      expect(r.err).equals("")
      expect(r.out).equals(c[2])
      expect(r.code).equals(0)
    end
  end)

  it("keeps to the time it is given", function()
    local work = "local n = 0 for i = 1, 1.5e8 do n = n + 1 end return n"
    local short = script(h, work, "--time", "50ms")
    expect(short.code).equals(1)
    expect(short.err).contains("50 ms of CPU time")
    expect(script(h, work, "--time", "60s").out).equals("150000000\n")
    expect(script(h, "return 1", "--time", "soon").code).equals(2)
  end)

  it("keeps to the memory it is given", function()
    local work = "local t = {} for i = 1, 200 do t[i] = ('x'):rep(100000) .. i end return #t"
    local small = script(h, work, "--memory", "8MB")
    expect(small.code).equals(1)
    expect(small.err).contains("8 MB of memory")
    expect(script(h, work, "--memory", "64MB").out).equals("200\n")
    expect(script(h, "return 1", "--memory", "lots").code).equals(2)
  end)

  it("gives a script no way to files, the environment, other programs or bytecode", function()
    local shut = { "io", "debug", "package", "dofile", "loadfile", "collectgarbage", "sw", "core", "require('io')", "require('os').getenv",
      "os.getenv", "os.execute", "os.remove", "os.rename", "os.tmpname", "os.exit", "string.dump", "('').dump", "getmetatable('').__index",
      "load(string.char(27) .. 'Lua')" }
    for _, expression in ipairs(shut) do
      local r = script(h, ("local ok, v = pcall(function() return %s end) return ok and v ~= nil"):format(expression))
      expect(expression .. " " .. r.out).equals(expression .. " false\n")
    end
  end)

  it("shows a script nothing of what the program was given", function()
    local r = flow.sh(("SECRET_THING=hunter2 %s script run %s"):format(h.command(), flow.quote(flow.write(h.dir .. "/walk.lua", [[
local seen, hits = {}, 0
local function walk(v)
  if type(v) == "string" then
    hits = hits + ((v:find("hunter2", 1, true) or v:find("root:", 1, true)) and 1 or 0)
  elseif type(v) == "table" and not seen[v] then
    seen[v] = true
    for k, x in pairs(v) do walk(k) walk(x) end
  end
end
walk(_ENV)
return hits
]]))))
    expect(r.err .. r.out).equals("0\n")
  end)

  it("lets nothing a script says drive the terminal", function()
    local r = script(h, 'return "\\27]0;owned\\7", { ["\\27[2J"] = "\\u{202e}abc" }, "\\u{9b}31m"')
    local bad = script(h, 'error("\\27[2J\\u{202e}gone")')
    for _, text in ipairs { r.out, r.err, bad.out, bad.err } do
      expect(text:find("[\27\7]")).is_nil()
      expect(text:find("\u{202e}", 1, true)).is_nil()
      expect(text:find("\u{9b}", 1, true)).is_nil()
    end
    expect(bad.code).equals(1)
  end)

  h.remove()
end)

describe("people who share a home", function()
  it("have their jobs done as theirs, whoever's command runs them", function()
    local h = flow.home("UTC")
    h.ok("--user", "anna", "init", "--test", "--quiet", "--zone", "UTC")
    put_rule(h, "mine", '    ctx.notify("for " .. ctx.user .. " of " .. w.sport)')
    local w = world.new(h.dir, { days = 10, seed = 2, first = "2025-05-20" })
    h.ok("--user", "anna", "--now", NOW, "import", w.activity(1, "fit"))
    h.ok("--now", NOW, "run", "--once")
    expect(flow.read(h.dir .. "/notifications.log")).contains("for anna of " .. w.plan.workouts[1].sport)
    expect(#h.json("--user", "anna", "rules", "trace")).equals(1)
    expect(#h.json("rules", "trace")).equals(0)
    h.remove()
  end)

  it("are each told once when the same rule fires for both at the same time", function()
    local h = flow.home("UTC")
    h.ok("--user", "anna", "init", "--test", "--quiet", "--zone", "UTC")
    flow.write(h.dir .. "/rules/automations/both.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "11:00", uses = { "notify", "calendar:write" },
  run = function(w, ctx)
    ctx.notify("hello " .. ctx.user)
    ctx.calendar.add { title = "tea for " .. ctx.user, at = w.planned + "2h" }
  end }
]])
    for _, name in ipairs { "me", "anna" } do
      h.ok("--user", name, "--now", "2025-06-01T10:00:00Z", "run", "--once")
    end
    for _, name in ipairs { "anna", "me", "anna" } do
      h.ok("--user", name, "--now", NOW, "run", "--once")
    end
    local log, ics = flow.read(h.dir .. "/notifications.log"), flow.read(h.dir .. "/calendar.ics")
    for _, name in ipairs { "me", "anna" } do
      expect(select(2, log:gsub("hello " .. name, ""))).equals(1)
      expect(select(2, ics:gsub("tea for " .. name, ""))).equals(1)
    end
    h.remove()
  end)
end)

describe("what a rule says", function()
  local function ran(name, head_more, body)
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/" .. name .. ".lua", ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "11:00", uses = { "notify", "calendar:write" }, %s
  run = function(w, ctx) %s end }
]]):format(head_more, body))
    h.ok("--now", "2025-06-01T10:00:00Z", "run", "--once")
    h.ok("--now", NOW, "run", "--once")
    return h
  end

  it("as its key may be any bytes: the action is done and nothing drives the terminal", function()
    local h = ran("key", 'key = function() return "a\\27[2J\\255\\0b|c#1/../x\\u{202e}" end,', 'ctx.notify("done")')
    expect(flow.read(h.dir .. "/notifications.log")).contains("done")
    local trace = h.ok("rules", "trace").out
    expect(trace:find("[\27%z]")).is_nil()
    expect(h.json("status").jobs_given_up).equals(0)
    h.remove()
  end)

  it("goes into the calendar clean, and a time beyond all calendars does not spoil the file", function()
    local h = ran("cal", "", [[
      ctx.calendar.add { title = "a\r\nEND:VEVENT\27[2J\u{202e}", at = w.planned + "2h", notes = "n\n\27x" }
      ctx.calendar.add { title = "far", at = w.planned + "99999999d" }
      ctx.calendar.add { title = "long", at = w.planned + "2h", duration = "9999d" }]])
    local ics = flow.read(h.dir .. "/calendar.ics")
    expect(select(2, ics:gsub("\r\nEND:VEVENT\r\n", ""))).equals(1)
    expect(ics:find("\27", 1, true)).is_nil()
    expect(ics:find("DTSTART:0000", 1, true)).is_nil()
    local failed = 0
    for _, a in ipairs(h.json("rules", "trace")[1].actions) do
      failed = failed + (a.state:find("^failed: an entry beyond") and 1 or 0)
    end
    expect(failed).equals(2)
    h.remove()
  end)

  it("as a channel is a name, never a path, and text for the log comes clean", function()
    local h = ran("chan", "", 'ctx.notify { text = "x", channel = "../../x" }')
    expect(h.json("rules", "trace")[1].actions[1].state).contains("there is no channel")
    h.remove()
  end)

  it("is not believed where the box would ask for more than was granted", function()
    local rules = require("rules")
    local rule = { declaration = { uses = { "notify" } } }
    local out = { key = "a\27[2J", actions = { { action = "notify", args = { text = "x" } } } }
    expect(rules.doubt(rule, out)).is_nil()
    expect(out.key).equals("a[2J")
    for _, bad in ipairs { { key = 5 }, {}, "text", { key = "a", actions = { { action = "calendar.add", args = {} } } },
      { key = "a", actions = { "notify" } }, { key = "a", actions = { { action = "notify", args = "x" } } },
      { key = "a", actions = { { action = {}, args = {} } } }, { key = "a", actions = { { action = "sync.start", args = {} } } } } do
      expect(type(rules.doubt(rule, bad))).equals("string")
    end
  end)

end)

describe("a hostile folder", function()
  it("with pipes, links in circles and names that drive terminals is imported and done with", function()
    local h = flow.home("Europe/Berlin")
    local w, dir = world.new(h.dir, { days = 10, seed = 2, first = "2025-05-20" }), h.dir .. "/in"
    sw.fs.mkdir(dir)
    w.activity(1, "fit", "in/good")
    flow.write(dir .. "/\27]0;owned\7\u{202e}.tcx", "<TrainingCenterDatabase>")
    flow.sh(("cd %s && mkfifo pipe.fit && for n in a b c d e f; do ln -s . $n; done"):format(flow.quote(dir)))
    local r = flow.sh("timeout 60 " .. h.command("--now", NOW, "import", dir))
    expect(r.code == 124).equals(false)
    expect((r.out .. r.err):find("[\27\7]")).is_nil()
    expect((r.out .. r.err):find("\u{202e}", 1, true)).is_nil()
    local list = h.import("--now", NOW, dir)
    expect(list[#list].total.files).equals(3)
    expect(#h.json("records", "workout")).equals(1)
    h.remove()
  end)
end)

describe("a rule for every minute", function()
  it("that catches up once after years off fires for the newest minute, without counting them all", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/minutely.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.cron "* * * * *", catch_up = "once", uses = { "notify" },
  run = function(w, ctx) ctx.notify("at " .. tostring(w.planned)) end }
]])
    h.ok("--now", "2022-06-01T10:00:00Z", "run", "--once")
    local before = sw.time.wall()
    expect(flow.sh("timeout 20 " .. h.command("run", "--once")).code).equals(0)
    local trace = h.json("rules", "trace")
    expect(#trace).equals(1)
    expect(before - sw.time.parse(trace[1].key) < 120000).is_true()
    h.remove()
  end)
end)

describe("what stands in a home", function()
  it("may be a pipe among the rules: it is passed over", function()
    local h = flow.home("UTC")
    flow.sh(("mkfifo %s/rules/automations/pipe.lua"):format(flow.quote(h.dir)))
    expect(flow.sh("timeout 20 " .. h.command("rules")).code).equals(0)
    h.remove()
  end)

  it("shows the title of a rule that is turned on without what drives a terminal", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/loud.lua", [[local sw = require "syncwell"
return sw.rule { title = "\27[2Jloud\u{202e}", on = sw.at "11:00", uses = { "notify" }, run = function() end }
]])
    for _, words in ipairs { { "rules" }, { "rules", "install", "loud" }, { "rules", "--json" } } do
      local r = h.ok(table.unpack(words))
      expect(r.out:find("\27[2J", 1, true)).is_nil()
    end
    h.remove()
  end)

  it("belongs to people with names: an empty one, or one of control bytes, is refused", function()
    local h = flow.home("UTC")
    for _, name in ipairs { "", "a\27[2J", ("x"):rep(65) } do
      local r = h.run("--user", name, "status")
      expect(r.code).equals(2)
      expect(r.err).contains("--user")
    end
    expect(h.run("--user", "José", "init").code).equals(0)
    expect(h.run("--user", "José", "status").code).equals(0)
    h.remove()
  end)

  it("keeps its configuration while a new one is wrong", function()
    local h = flow.home("UTC")
    local config, ctx = require("config"), { home = h.dir }
    flow.write(h.dir .. "/config.lua", 'return { limits = { rule_ms = 77 } }')
    expect(config.load(ctx)).is_nil()
    flow.write(h.dir .. "/config.lua", "return { limit = 1 }")
    expect(config.load(ctx)).contains("did you mean 'limits'?")
    expect(ctx.config.limits.rule_ms).equals(77)
    flow.write(h.dir .. "/config.lua", "while true do end")
    expect(config.load(ctx)).contains("CPU time")
    expect(ctx.config.limits.rule_ms).equals(77)
    h.remove()
  end)
end)
