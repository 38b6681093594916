-- SPDX-License-Identifier: MIT
-- Rules that wait: what they did before is not done again, what comes after is done once, whatever happens to
-- engine, file and binary in between.
local daemon = require("daemon")
local flow = require("flow")

local KILLS = tonumber(os.getenv("SW_KILLS")) or 20

local function rule(h, name, text)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), 'local sw = require "syncwell"\nreturn sw.rule {\n' .. text
    .. "\n}\n")
end

local function step(h, at)
  return h.ok("--now", at, "run", "--once")
end

-- What was sent: { "08:30 text", ... }
local function notes(h)
  local list = {}
  for line in (flow.read(h.dir .. "/notifications.log") or ""):gmatch("[^\n]+") do
    list[#list + 1] = line:match("T(%d%d:%d%d)") .. " " .. line:match("^%S+%s+(.-)%s+%[%x+%]$")
  end
  return list
end

local n = 0

-- A workout that ends at an hour of a day.
local function workout(h, day, hour, now)
  n = n + 1
  local path = ("%s/w%d.gpx"):format(h.dir, n)
  flow.write(path, ([[<gpx version="1.1" creator="t"><trk><name>%d</name><type>running</type><trkseg>
<trkpt lat="50.0" lon="8.0"><time>%sT%02d:00:00Z</time></trkpt>
<trkpt lat="50.01" lon="8.0"><time>%sT%02d:30:00Z</time></trkpt></trkseg></trk></gpx>]]):format(n, day, hour - 1, day, hour - 1))
  h.ok("--now", now, "import", path)
end

local function only(h, name)
  local list = h.json("rules", "trace", name)
  expect(#list).equals(1)
  return list[1]
end

local function detail(h, name)
  return h.json("rules", "trace", only(h, name).firing)
end

local nap = [[title = "t", on = sw.at "08:00", uses = { "notify" },
  run = function(w, ctx)
    ctx.notify("one " .. tostring(ctx.now.hour) .. " " .. math.random(1000000))
    ctx.sleep "30min"
    ctx.notify("two " .. tostring(ctx.now.hour) .. ":" .. tostring(ctx.now.min))
    ctx.sleep "1h"
    ctx.notify "three"
  end]]

describe("a rule that sleeps", function()
  it("goes on at its time in another process, and does nothing twice", function()
    local h = flow.home("UTC")
    rule(h, "nap", nap)
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:10:00Z")
    expect(#notes(h)).equals(1)
    local f = only(h, "nap")
    expect(f.state).equals("waiting")
    expect(f.waits).equals("waiting until 2025-01-01T08:30:00Z")
    step(h, "2025-01-01T08:29:59Z")
    expect(#notes(h)).equals(1)
    step(h, "2025-01-01T08:30:00Z")
    expect(notes(h)[2]).equals("08:30 two 8:30")
    step(h, "2025-01-01T12:00:00Z")
    step(h, "2025-01-01T12:00:00Z")
    local list = notes(h)
    expect(#list).equals(3)
    expect(list[3]).equals("09:30 three")
    expect(only(h, "nap").state).equals("done")
    h.remove()
  end)

  it("tells each step with what it was given and when it was over", function()
    local h = flow.home("UTC")
    rule(h, "nap", nap)
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T10:00:00Z")
    local d = detail(h, "nap")
    local actions = {}
    for i, s in ipairs(d.steps) do
      actions[i] = s.action
    end
    expect(actions).equals { "notify", "sleep", "notify", "sleep", "notify" }
    expect(d.steps[2].args).equals { seconds = 1800 }
    expect(d.steps[2].ended).equals("2025-01-01T08:30:00Z")
    expect(d.steps[5].state).equals("done")
    local text = h.ok("rules", "trace", d.firing).out
    expect(text).contains("sleep { seconds = 1800 }  over at 2025-01-01T08:30:00Z")
    expect(text).contains("text = three")
    h.remove()
  end)

  it("sees what it read before as it was, and what it reads afterwards as it is", function()
    local h = flow.home("UTC")
    rule(h, "seen", [[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx)
        ctx.notify("before " .. #ctx.records("workout", { last = "30d" }))
        ctx.sleep "1h"
        ctx.notify("after " .. #ctx.records("workout", { last = "30d" }))
      end]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:10:00Z")
    workout(h, "2025-01-01", 8, "2025-01-01T08:20:00Z")
    step(h, "2025-01-01T12:00:00Z")
    expect(notes(h)).equals { "08:00 before 0", "09:00 after 1" }
    h.remove()
  end)

  it("may do things before it waits in an order that is never the same", function()
    local h = flow.home("UTC")
    rule(h, "any", [[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx)
        for name in pairs { apple = 1, pear = 2, plum = 3, fig = 4, kiwi = 5, lime = 6, date = 7 } do ctx.notify(name) end
        ctx.sleep "1h"
        ctx.notify "end"
      end]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:10:00Z")
    step(h, "2025-01-01T12:00:00Z")
    expect(#notes(h)).equals(8)
    expect(only(h, "any").state).equals("done")
    h.remove()
  end)

  it("keeps ctx.state with the step that follows, also from firing to firing", function()
    local h = flow.home("UTC")
    rule(h, "count", [[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx)
        ctx.state.n = (ctx.state.n or 0) + 1
        ctx.sleep "30h"
        ctx.notify("n is " .. ctx.state.n)
      end]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-04T20:00:00Z")
    -- the second firing counted while the first slept
    expect(notes(h)).equals { "14:00 n is 2", "14:00 n is 3", "14:00 n is 4" }
    h.remove()
  end)

  it("that fails after its wait says so, and goes on where it stood once it is mended and moved", function()
    local h = flow.home("UTC")
    local text = [[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx) ctx.notify "one" ctx.sleep "1h" %s ctx.notify "two" end]]
    rule(h, "ill", text:format('error "no such luck"'))
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T10:00:00Z")
    local f = only(h, "ill")
    expect(f.state).equals("failed")
    expect(f.why).contains("rules/automations/ill.lua:4: no such luck")
    rule(h, "ill", text:format(""))
    h.ok("--now", "2025-01-01T11:00:00Z", "rules", "move", f.firing)
    step(h, "2025-01-01T11:00:00Z")
    expect(notes(h)).equals { "08:00 one", "11:00 two" }
    expect(only(h, "ill").state).equals("done")
    h.remove()
  end)
end)

describe("a rule that waits for something", function()
  local function waits(trigger)
    return ([[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx)
        local e = ctx.wait_for(%s, { timeout = "10h" })
        ctx.notify(e and ("came " .. tostring(e.type or e.metric)) or "nothing came")
      end]]):format(trigger)
  end

  it("goes on with the event when it comes, and only then", function()
    local h = flow.home("UTC")
    rule(h, "w", waits 'sw.event { "workout.created", sport = "running" }')
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:30:00Z")
    expect(only(h, "w").waits).equals("waiting for workout.created until 2025-01-01T18:00:00Z")
    workout(h, "2025-01-01", 12, "2025-01-01T12:15:00Z")
    step(h, "2025-01-01T12:15:00Z")
    expect(notes(h)).equals { "12:15 came running" }
    workout(h, "2025-01-01", 15, "2025-01-01T15:15:00Z")
    step(h, "2025-01-01T23:00:00Z")
    expect(#notes(h)).equals(1)
    h.remove()
  end)

  it("is not woken by what its filter leaves out, and gets nil when the time is over", function()
    local h = flow.home("UTC")
    rule(h, "w", waits 'sw.event { "workout.created", sport = "cycling" }')
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:30:00Z")
    workout(h, "2025-01-01", 12, "2025-01-01T12:15:00Z")
    step(h, "2025-01-01T23:00:00Z")
    expect(notes(h)).equals { "18:00 nothing came" }
    h.remove()
  end)

  it("is woken by data that passes a bound from then on", function()
    local h = flow.home("UTC")
    h.ok("--now", "2024-12-31T09:00:00Z", "log", "weight", "90kg", "2024-12-31 08:30")
    rule(h, "w", waits 'sw.threshold { "weight", enter = "<80", leave = ">85" }')
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:30:00Z")
    expect(only(h, "w").waits).contains("waiting for threshold weight")
    h.ok("--now", "2025-01-01T09:00:00Z", "log", "weight", "79kg", "2025-01-01 09:00")
    step(h, "2025-01-01T09:01:00Z")
    expect(notes(h)).equals { "09:00 came threshold" }
    h.remove()
  end)

  it("does not take its own event for the one that it waits for", function()
    local h = flow.home("UTC")
    rule(h, "again", [[title = "t", on = sw.event "workout.created", uses = { "notify" },
      run = function(w, ctx)
        local e = ctx.wait_for("workout.created", { timeout = "5h" })
        ctx.notify(e and "another" or "alone")
      end]])
    workout(h, "2025-01-01", 8, "2025-01-01T08:00:00Z")
    step(h, "2025-01-01T08:05:00Z")
    expect(only(h, "again").state).equals("waiting")
    workout(h, "2025-01-01", 10, "2025-01-01T10:00:00Z")
    step(h, "2025-01-01T10:05:00Z")
    step(h, "2025-01-01T20:00:00Z")
    expect(notes(h)).equals { "10:00 another", "15:00 alone" }
    h.remove()
  end)

  it("may wait for no more than it may read, and for no hour", function()
    local h = flow.home("UTC")
    rule(h, "w", 'reads = { "workout" }, ' .. waits '"sleep.created"')
    rule(h, "v", waits 'sw.at "09:00"')
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:30:00Z")
    local told = {}
    for _, e in ipairs(h.json("status").rule_errors) do
      told[e.rule] = e.text
    end
    expect(told.w).contains("this rule does not say that it reads 'sleep'")
    expect(told.v).contains("to wait for a time, use ctx.sleep")
    h.remove()
  end)
end)

describe("a firing that waits", function()
  local function nap_of(word)
    return ([[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx) ctx.notify "%s one" ctx.sleep "2h" ctx.notify "%s two" end]]):format(word, word)
  end

  local function asleep()
    local h = flow.home("UTC")
    rule(h, "nap", nap_of "old")
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:30:00Z")
    return h
  end

  it("ends with the source it began with when its file was edited; the next one has the new", function()
    local h = asleep()
    rule(h, "nap", nap_of "new")
    step(h, "2025-01-02T12:00:00Z")
    expect(notes(h)).equals { "08:00 old one", "10:00 old two", "08:00 new one", "10:00 new two" }
    h.remove()
  end)

  it("stops when the source it began with, loaded again, asks for more than it did then", function()
    local h = flow.home("UTC")
    local function grows(word) -- another host each time it is loaded
      return nap_of(word):gsub('"notify" }', '"notify", "http:h" .. math.random(1000000000) .. ".example.org" }')
    end
    rule(h, "nap", grows "old")
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:30:00Z")
    expect(#notes(h)).equals(1)
    rule(h, "nap", grows "new")
    step(h, "2025-01-01T12:00:00Z")
    expect(#notes(h)).equals(1)
    expect(only(h, "nap").state).equals("stopped")
    expect(only(h, "nap").why).contains("it would do more than it could then")
    h.remove()
  end)

  it("ends when its file is broken or gone", function()
    local h = asleep()
    os.remove(h.dir .. "/rules/automations/nap.lua")
    step(h, "2025-01-01T12:00:00Z")
    expect(notes(h)[2]).equals("10:00 old two")
    h.remove()
    h = asleep()
    flow.write(h.dir .. "/rules/automations/nap.lua", "return return")
    step(h, "2025-01-01T12:00:00Z")
    expect(notes(h)[2]).equals("10:00 old two")
    h.remove()
  end)

  it("stops when its user turns the rule off, and says why", function()
    local h = asleep()
    h.ok("rules", "disable", "nap")
    step(h, "2025-01-01T12:00:00Z")
    expect(#notes(h)).equals(1)
    local f = only(h, "nap")
    expect(f.state).equals("stopped")
    expect(f.why).contains("turned off")
    h.remove()
  end)

  it("is moved to a source with the same steps, and to no other", function()
    local h = asleep()
    local name = only(h, "nap").firing
    rule(h, "nap", nap_of "new")
    local r = h.run("rules", "move", name)
    expect(r.code ~= 0).is_true()
    expect(r.err).contains("it asks for notify with other words or figures")
    rule(h, "nap", [[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx) ctx.notify "old one" ctx.sleep "2h" ctx.notify "mended" end]])
    h.ok("--now", "2025-01-01T09:00:00Z", "rules", "move", name)
    step(h, "2025-01-01T12:00:00Z")
    expect(notes(h)).equals { "08:00 old one", "10:00 mended" }
    h.remove()
  end)

  it("goes on under another copy of the program", function()
    local h = asleep()
    local root = flow.binary:match("^(.*)/[^/]+$")
    flow.sh(("mkdir %s/new && cp %s %s-box %s/new/"):format(h.dir, flow.binary, flow.binary, h.dir))
    local r = flow.sh(("SYNCWELL_SHARE=%s/share %s/new/syncwell --home %s --now 2025-01-01T12:00:00Z run --once"):format(root, h.dir,
      h.dir))
    expect(r.code).equals(0)
    expect(notes(h)).equals { "08:00 old one", "10:00 old two" }
    h.remove()
  end)

  it("is stopped when the data that fired it is taken back, where the rule minds that", function()
    local h = flow.home("UTC")
    rule(h, "sorry", [[title = "t", on = sw.event "workout.created", uses = { "notify" },
      on_retract = function(w, ctx) ctx.notify "sorry" end,
      run = function(w, ctx) ctx.sleep "5h" ctx.notify "well done" end]])
    workout(h, "2025-01-01", 8, "2025-01-01T08:00:00Z")
    step(h, "2025-01-01T08:05:00Z")
    h.ok("--now", "2025-01-01T09:00:00Z", "records", "delete", "--where", "kind=workout")
    step(h, "2025-01-02T00:00:00Z")
    expect(notes(h)).equals { "09:00 sorry" }
    h.remove()
  end)
end)

describe("a running engine", function()
  local live = require("live")

  it("that is killed while a rule sleeps goes on when it runs again, and stops neatly", function()
    local h = flow.home("UTC")
    rule(h, "brief", [[title = "t", on = sw.webhook "go", uses = { "notify" },
      run = function(w, ctx)
        ctx.notify "one"
        ctx.sleep "2s"
        local e = ctx.wait_for(sw.webhook "end", { timeout = "1min" })
        ctx.notify("two " .. e.body.word)
      end]])
    local function run()
      local p = live.spawn(h.command("serve", "--listen", "127.0.0.1:0"))
      return p, p.await("(http://127.0.0.1:%d+)")
    end
    local p, base = run()
    local function post(name, body)
      local hook = h.json("rules", "webhook", name)
      local stamp = tostring(sw.time.wall() // 1000)
      local proof = sw.crypto.hex(sw.crypto.hmac_sha256(hook.key, stamp .. "." .. body))
      return flow.sh(("curl -s -o /dev/null -w '%%{http_code}' -H 'X-SyncWell-Signature: t=%s,v1=%s' -d %s %s"):format(stamp, proof,
        flow.quote(body), flow.quote(base .. hook.address:match("//[^/]+(/.*)$")))).out
    end
    local function state()
      local f = h.json("rules", "trace", "brief")[1]
      return f and f.waits or f and f.state or ""
    end
    post("go", "{}")
    live.wait(15, function() return state():find("waiting until") end)
    p.kill("KILL")
    p.wait(10)
    p, base = run()
    live.wait(20, function() return state():find("webhook") or state():find("waiting for end") end)
    expect(post("end", '{"word":"over"}')).equals("200")
    live.wait(15, function() return state() == "done" and #notes(h) == 2 end)
    expect(notes(h)[2]:match("two over")).equals("two over")
    expect(#notes(h)).equals(2)
    expect(p.stop().code).equals(0)
    h.remove()
  end)
end)

describe("firings that meet", function()
  local function hourly(more)
    local h = flow.home("UTC")
    rule(h, "r", more .. [[ title = "t", on = sw.every "1h", uses = { "notify" },
      run = function(w, ctx) local mine = ctx.now.hour ctx.notify("begin " .. mine) ctx.sleep "150min" ctx.notify("end " .. mine) end]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T05:10:00Z")
    local list = notes(h)
    h.remove()
    return list
  end

  it("run side by side when the rule says nothing", function()
    expect(hourly "").equals { "01:00 begin 1", "02:00 begin 2", "03:00 begin 3", "03:30 end 1", "04:00 begin 4", "04:30 end 2",
      "05:00 begin 5" }
  end)

  it("do not begin while one waits, with mode single", function()
    expect(hourly 'mode = "single",').equals { "01:00 begin 1", "03:30 end 1", "04:00 begin 4" }
  end)

  it("give way to the newest, with mode restart", function()
    expect(hourly 'mode = "restart",').equals { "01:00 begin 1", "02:00 begin 2", "03:00 begin 3", "04:00 begin 4", "05:00 begin 5" }
  end)

  it("come one after another, with mode queued", function()
    expect(hourly 'mode = "queued",').equals { "01:00 begin 1", "03:30 end 1", "03:30 begin 3" }
  end)

  it("make way when their rule was turned off while they waited", function()
    local h = flow.home("UTC")
    rule(h, "r", [[mode = "queued", title = "t", on = sw.every "1h", uses = { "notify" },
      run = function(w, ctx) ctx.notify("begin " .. ctx.now.hour) ctx.sleep "150min" end]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T02:10:00Z")
    h.ok("rules", "disable", "r")
    step(h, "2025-01-01T05:10:00Z")
    for _, f in ipairs(h.json("rules", "trace")) do
      expect(f.state).equals("stopped")
    end
    h.ok("--now", "2025-01-01T06:10:00Z", "rules", "enable", "r")
    step(h, "2025-01-01T07:10:00Z")
    expect(notes(h)).equals { "01:00 begin 1", "06:00 begin 6" }
    h.remove()
  end)

  it("keep cooldown and max_per by when they began", function()
    expect(hourly 'cooldown = "2h",').equals { "01:00 begin 1", "03:00 begin 3", "03:30 end 1", "05:00 begin 5" }
    expect(hourly 'max_per = "2/day",').equals { "01:00 begin 1", "02:00 begin 2", "03:30 end 1", "04:30 end 2" }
  end)

  it("send nothing in quiet hours, however long they waited", function()
    local h = flow.home("UTC")
    rule(h, "late", [[title = "t", on = sw.at "20:00", quiet_hours = "22:00-07:00", uses = { "notify" },
      run = function(w, ctx) ctx.sleep "4h" ctx.notify "late" end]])
    step(h, "2025-01-01T12:00:00Z")
    step(h, "2025-01-02T12:00:00Z")
    expect(notes(h)).equals { "07:00 late" }
    h.remove()
  end)

  it("are judged by max_age when they begin, not when they go on", function()
    local h = flow.home("UTC")
    rule(h, "old", [[title = "t", on = sw.event "workout.created", max_age = "2h", uses = { "notify" },
      run = function(w, ctx) ctx.sleep "5h" ctx.notify "still" end]])
    workout(h, "2025-01-01", 8, "2025-01-01T08:00:00Z")
    step(h, "2025-01-01T08:05:00Z")
    step(h, "2025-01-02T00:00:00Z")
    expect(notes(h)).equals { "13:00 still" }
    h.remove()
  end)

  it("are one for events that come close together, with debounce", function()
    local h = flow.home("UTC")
    rule(h, "calm", [[title = "t", on = sw.event "workout.created", debounce = "30min", uses = { "notify" },
      run = function(w, ctx) ctx.notify("ended " .. w.finish.hour .. ":" .. w.finish.min) end]])
    workout(h, "2025-01-01", 8, "2025-01-01T08:00:00Z")
    step(h, "2025-01-01T08:10:00Z")
    workout(h, "2025-01-01", 7, "2025-01-01T08:20:00Z")
    step(h, "2025-01-01T08:25:00Z")
    expect(#notes(h)).equals(0)
    step(h, "2025-01-01T12:00:00Z")
    expect(notes(h)).equals { "08:50 ended 6:30" }
    expect(#h.json("rules", "trace")).equals(1)
    h.remove()
  end)
end)

describe("a rule that asks a host", function()
  -- A home whose rule asks 127.0.0.1, which config.lua lists; server.requests() are those that arrived.
  local function asking(body, more)
    local h = flow.home("UTC")
    local command = ("python3 %s/tests/support/host.py $PORT %s/host.log"):format(flow.root, h.dir)
    local server = daemon.start(command)
    function server.again()
      server.stop()
      local other = daemon.start(command, server.port)
      server.stop = other.stop
    end
    function server.requests()
      local list = {}
      for line in (flow.read(h.dir .. "/host.log") or ""):gmatch("[^\n]+") do
        list[#list + 1] = line
      end
      return list
    end
    flow.write(h.dir .. "/config.lua", ('return { local_hosts = { ["127.0.0.1:%d"] = "own" } }'):format(server.port))
    rule(h, "ask", (([[title = "t", on = sw.at "08:00", uses = { "notify", "http:127.0.0.1:PORT" }, MORE
      run = function(w, ctx) local base = "http://127.0.0.1:PORT" BODY end]]):gsub("%u%u%u%u+", { PORT = tostring(server.port),
      BODY = body, MORE = more or "" })))
    step(h, "2025-01-01T00:00:00Z")
    return h, server
  end

  local function over(h, server)
    server.stop()
    h.remove()
  end

  it("gets its answer once, however often it goes on afterwards", function()
    local h, server = asking [[local r = ctx.http.request { url = base .. "/ok", json = { a = 1 } }
      ctx.notify(r.status .. " " .. r.json.n .. " " .. r.json.got .. " " .. r.headers["content-type"])
      ctx.sleep "1h"
      ctx.notify("again " .. r.json.n)
      ctx.sleep "1h"
      ctx.notify("and " .. #r.text)]]
    step(h, "2025-01-01T08:10:00Z")
    step(h, "2025-01-01T09:10:00Z")
    step(h, "2025-01-01T12:00:00Z")
    local list = notes(h)
    expect(list[1]).equals('08:00 200 1 {"a":1} application/json')
    expect(list[2]).equals("09:00 again 1")
    expect(list[3]).contains("10:00 and ")
    expect(#server.requests()).equals(1)
    expect(server.requests()[1]:match("^POST /ok (%x+) ")).equals(server.requests()[1]:match("%x%x%x%x%x%x%x%x+"))
    expect(detail(h, "ask").steps[1].status).equals(200)
    over(h, server)
  end)

  it("asks again under the same key when the host died in its answer and the key is honoured", function()
    local h, server = asking [[local r = ctx.http.request { url = base .. "/half", json = {}, key = "mine-1" }
      ctx.notify("n " .. r.json.n)]]
    step(h, "2025-01-01T08:00:00Z")
    expect(only(h, "ask").state).equals("waiting")
    server.again()
    step(h, "2025-01-01T09:00:00Z")
    local list = server.requests()
    expect(#list).equals(2)
    expect(list[1]:match("POST /half mine%-1")).equals(list[2]:match("POST /half mine%-1"))
    expect(#notes(h)).equals(1)
    over(h, server)
  end)

  it("is told that the outcome is unknown, and nothing is sent twice, where no key is honoured", function()
    local h, server = asking [[local r, why, code = ctx.http.request { url = base .. "/half", method = "POST", body = "x" }
      ctx.notify(tostring(r) .. " " .. code .. " " .. why)]]
    step(h, "2025-01-01T08:00:00Z")
    server.again()
    step(h, "2025-01-01T12:00:00Z")
    expect(#server.requests()).equals(1)
    expect(notes(h)[1]).contains("nil unknown the outcome is unknown")
    over(h, server)
  end)

  it("waits while the host is busy, for what may be repeated", function()
    local h, server = asking [[local r = ctx.http.request { url = base .. "/busy" } ctx.notify("got " .. r.status)]]
    step(h, "2025-01-01T09:00:00Z")
    expect(#server.requests()).equals(3)
    expect(notes(h)[1]).contains("got 200")
    over(h, server)
  end)

  it("is told when an answer is over 256 KB, and does not fail", function()
    local h, server = asking [[local r, why, code = ctx.http.request { url = base .. "/big" } ctx.notify(tostring(r) .. " " .. code)]]
    step(h, "2025-01-01T09:00:00Z")
    expect(notes(h)[1]).contains("nil too_large")
    over(h, server)
  end)

  it("asks no other host, no header that is ours, and no machine of this network that is not listed", function()
    local function told(body, config)
      local h, server = asking(body)
      if config then
        flow.write(h.dir .. "/config.lua", config)
      end
      step(h, "2025-01-01T09:00:00Z")
      expect(server.requests()).equals {}
      local e = h.json("status").rule_errors[1]
      over(h, server)
      return e and e.text or ""
    end
    expect(told 'ctx.http.request { url = "https://other.example/x" }').contains('uses = { "http:other.example" }')
    expect(told 'ctx.http.request { url = "http://user@127.0.0.1/x" }').contains("http or https addresses only")
    expect(told 'ctx.http.request { url = base .. "/ok", headers = { Host = "a" } }').contains("the header 'host' is written by")
    expect(told('ctx.http.request { url = base .. "/ok" }', "return {}")).contains("list the machine in config.lua")
  end)

  it("keeps its answer when it is moved to a new source while the host is asked", function()
    local h, server = asking [[local r = ctx.http.request { url = base .. "/slow", method = "POST", body = "x" }
      ctx.notify("got " .. r.status)]]
    local done = h.dir .. "/done"
    os.execute(("( %s; echo over > %s ) >/dev/null 2>&1 &"):format(h.command("--now", "2025-01-01T09:00:00Z", "run", "--once"), done))
    local live = require("live")
    live.wait(15, function() return #server.requests() == 1 end)
    local path = h.dir .. "/rules/automations/ask.lua"
    flow.write(path, (flow.read(path):gsub('"got "', '"moved "')))
    h.ok("--now", "2025-01-01T09:00:00Z", "rules", "move", only(h, "ask").firing)
    expect(live.wait(20, function() return flow.read(done) end)).equals("over\n")
    step(h, "2025-01-01T09:30:00Z")
    expect(#server.requests()).equals(1)
    expect(#notes(h)).equals(1)
    expect(notes(h)[1]).contains("moved 200")
    over(h, server)
  end)

  it("keeps one answer when its engine is killed while the host is asked", function()
    local h, server = asking [[local a = ctx.http.request { url = base .. "/ok" } ctx.notify("first " .. a.json.n)
      local b = ctx.http.request { url = base .. "/ok", json = {}, key = "k2" } ctx.notify("second " .. b.status)]]
    math.randomseed(7)
    for _ = 1, KILLS do
      flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep %.3f; kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null; true"):format(
        h.command("--now", "2025-01-01T09:00:00Z", "run", "--once"), math.random(15, 180) / 1000))
    end
    step(h, "2025-01-01T12:00:00Z")
    local list = notes(h)
    expect(#list).equals(2)
    expect(list[1]:match("first")).equals("first")
    expect(list[2]:match("second 200")).equals("second 200")
    over(h, server)
  end)
end)

describe("an engine that is killed while rules wait", function()
  local late = [[title = "t", on = sw.event "workout.created", backfill = true, uses = { "notify", "calendar:write" },
    run = function(w, ctx)
      ctx.state.n = (ctx.state.n or 0) + 1
      ctx.notify { text = "began " .. w.day, if_past = "now" }
      ctx.sleep "30min"
      ctx.calendar.add { title = "half " .. w.day, at = ctx.now, duration = "10min", if_past = "now" }
      local e = ctx.wait_for("workout.created", { timeout = "2h" })
      ctx.notify("over " .. w.day .. " " .. tostring(e and e.day))
      ctx.sleep "1h"
      ctx.notify("last " .. w.day)
    end]]

  local function home()
    local h = flow.home("UTC")
    rule(h, "late", late)
    rule(h, "one", [[title = "t", on = sw.every "20min", mode = "queued", uses = { "notify" },
      run = function(w, ctx) ctx.notify("a " .. w.id) ctx.sleep "30min" ctx.notify("b " .. w.id) end]])
    return h
  end

  local times = {}
  for minute = 0, 380, 20 do
    times[#times + 1] = ("2025-01-05T%02d:%02d:00Z"):format(10 + minute // 60, minute % 60)
  end

  local function sorted(h)
    local list = notes(h)
    for i, line in ipairs(list) do
      list[i] = line:sub(7)
    end
    table.sort(list)
    return list
  end

  it(("leaves at %d random moments what an undisturbed one leaves"):format(KILLS), function()
    local calm, torn = home(), home()
    for _, h in ipairs { calm, torn } do
      n = 0
      for day = 1, 5 do
        workout(h, "2025-01-0" .. day, 8, "2025-01-05T09:00:00Z")
      end
    end
    local seed = tonumber(os.getenv("SW_SEED")) or 20250105
    math.randomseed(seed)
    local hits = 0
    for _, at in ipairs(times) do
      local began = sw.time.mono()
      step(calm, at)
      local took = math.floor(sw.time.mono() - began)
      for _ = 1, math.max(2, KILLS // 8) do
        local r = flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep %.3f; kill -9 $pid 2>/dev/null && echo hit; wait $pid 2>/dev/null; true"):format(
          torn.command("--now", at, "run", "--once"), math.random(5, math.max(10, took)) / 1000))
        hits = hits + (r.out:find("hit") and 1 or 0)
      end
      step(torn, at)
    end
    sw.sys.out(("note seed %d: killed %d times; %d notifications once each\n"):format(seed, hits, #notes(calm)))
    expect(hits >= KILLS).is_true()
    expect(sorted(torn)).equals(sorted(calm))
    expect(flow.difference(calm.dump(), torn.dump())).equals("")
    calm.remove()
    torn.remove()
  end)
end)

describe("what is said of rules that wait", function()
  it("a backtest lets waits pass on data time and sends nothing", function()
    local h = flow.home("UTC")
    rule(h, "pair", [[title = "t", on = sw.event "workout.created", uses = { "notify", "http:api.example" },
      run = function(w, ctx)
        ctx.sleep "30min"
        local r, why = ctx.http.request { url = "https://api.example/x" }
        local e = ctx.wait_for("workout.created", { timeout = "5h" })
        ctx.notify { text = tostring(why) .. ", " .. (e and e.day .. " again" or "once"), at = ctx.now }
      end]])
    h.ok("--now", "2025-01-09T00:00:00Z", "rules", "disable", "pair")
    for _, at in ipairs { { "2025-01-01", 8 }, { "2025-01-01", 12 }, { "2025-01-03", 8 } } do
      workout(h, at[1], at[2], "2025-01-09T00:00:00Z")
    end
    local said = {}
    for i, f in ipairs(h.json("--now", "2025-01-10T00:00:00Z", "rules", "backtest", "pair", "--since", "2025-01-01")) do
      expect(f.actions[1].action).equals("http.request")
      said[i] = f.actions[2].args.text .. " " .. sw.time.iso(f.actions[2].args.at, 0):sub(12, 16)
    end
    expect(said).equals { "nothing is sent in a dry run, 2025-01-01 again 11:30", "nothing is sent in a dry run, once 17:00",
      "nothing is sent in a dry run, once 13:00" }
    expect(#notes(h)).equals(0)
    expect(#h.json("rules", "trace")).equals(0)
    h.remove()
  end)

  it("a backtest lets a debounced rule fire once for what comes close together", function()
    local h = flow.home("UTC")
    rule(h, "calm", [[title = "t", on = sw.event "workout.created", debounce = "6h", enabled = false,
      run = function(w, ctx) ctx.log(w.id) end]])
    for _, at in ipairs { { "2025-01-01", 8 }, { "2025-01-01", 12 }, { "2025-01-03", 8 } } do
      workout(h, at[1], at[2], "2025-01-09T00:00:00Z")
    end
    local at = {}
    for i, f in ipairs(h.json("--now", "2025-01-10T00:00:00Z", "rules", "backtest", "calm", "--since", "2025-01-01")) do
      at[i] = f.at
    end
    expect(at).equals { "2025-01-01T17:30:00Z", "2025-01-03T13:30:00Z" }
    h.remove()
  end)

  it("a backtest of a rule that never finds quiet fires once, however many events there are", function()
    local h = flow.home("UTC")
    rule(h, "calm", [[title = "t", on = sw.cron "* * * * *", debounce = "10min", enabled = false,
      run = function(w, ctx) ctx.log(w.id) end]])
    local list = h.json("--now", "2025-01-03T00:00:00Z", "rules", "backtest", "calm", "--since", "2025-01-02", "--until", "2025-01-02")
    expect(#list).equals(1)
    expect(list[1].at).equals("2025-01-03T00:09:00Z")
    h.remove()
  end)

  it("a test of a script wakes sleepers with its clock, and plays the host that is asked", function()
    local h = flow.home("UTC")
    rule(h, "nap", [[title = "t", on = sw.event "workout.created", uses = { "notify", "http:api.example" },
      run = function(w, ctx)
        ctx.sleep "3h"
        local r = ctx.http.request { url = "https://api.example/v1/tip" }
        ctx.notify("tip: " .. r.json.tip)
        local e = ctx.wait_for(sw.event { "workout.created", sport = "cycling" }, { timeout = "1d" })
        ctx.notify(e and "ride" or "no ride")
      end]])
    sw.fs.mkdir(h.dir .. "/tests")
    flow.write(h.dir .. "/tests/nap_test.lua", [[describe("nap", function()
  it("waits", function(t)
    t.rule "nap"
    t.http.replay { { path = "/v1/tip", body = { tip = "stretch" } } }
    t.event { "workout.created", sport = "running", elapsed = "1h" }
    expect(#t.notifications()).equals(0)
    t.clock.advance "2h"
    expect(#t.notifications()).equals(0)
    t.clock.advance "2h"
    expect(t.notifications()[1].text).equals "tip: stretch"
    t.clock.advance "5h"
    t.event { "workout.created", sport = "cycling", elapsed = "2h" }
    local said = {}
    for i, one in ipairs(t.notifications()) do said[i] = one.text end
    table.sort(said)
    expect(said).equals { "ride", "tip: stretch" }
  end)
end)
]])
    local r = h.run("test", h.dir .. "/tests")
    expect(r.out .. r.err).contains("1 passed, 0 failed")
    h.remove()
  end)

  it("lint names waits and actions in when and key, with what to do", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/x.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "workout.created", uses = { "notify" },
  when = function(w, c)
    if w.elapsed > "1h" then
      c.sleep "1h"
    end
    return true
  end,
  key = function(w, ctx) ctx.notify "x" return w.id end,
  run = function(w, ctx) ctx.sleep "1h" ctx.notify "y" end }
]])
    local r = h.run("lint", h.dir .. "/x.lua")
    expect(r.code).equals(1)
    expect(r.out).contains("x.lua:5: ctx.sleep stands in when, which only decides")
    expect(r.out).contains("hint: wait in run")
    expect(r.out).contains("x.lua:9: ctx.notify stands in key")
    local _, told = r.out:gsub("which only decides", "")
    expect(told).equals(2)
    h.remove()
  end)

  it("details of firings are forgotten after a while, failed ones later, waiting ones never", function()
    local h = flow.home("UTC")
    rule(h, "fine", [[title = "t", on = sw.cron "0 8 1 1 *", uses = { "notify" }, run = function(w, ctx) ctx.sleep "1h" ctx.notify "x" end]])
    rule(h, "ill", [[title = "t", on = sw.cron "0 8 1 1 *", run = function(w, ctx) ctx.sleep "1h" error "no" end]])
    rule(h, "long", [[title = "t", on = sw.cron "0 8 1 1 *", uses = { "notify" },
      run = function(w, ctx) ctx.notify "a" ctx.sleep "300d" ctx.notify "b" end]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T12:00:00Z")
    local function kept(at)
      step(h, at)
      step(h, at)
      local out = {}
      for _, f in ipairs(h.json("rules", "trace")) do
        out[f.rule] = #(h.json("rules", "trace", f.firing).steps or {})
      end
      return out
    end
    expect(kept "2025-03-01T00:00:00Z").equals { fine = 2, ill = 1, long = 2 }
    expect(kept "2025-06-01T00:00:00Z").equals { fine = 0, ill = 1, long = 2 }
    local sources = {}
    for name in h.dump():gmatch('"kind":"source".-rules/automations/(%l+).lua') do
      sources[name] = true
    end
    expect(sources).equals { ill = true, long = true }
    step(h, "2025-11-01T00:00:00Z")
    expect(#notes(h)).equals(3)
    expect(only(h, "long").state).equals("done")
    expect(kept("2025-12-20T00:00:00Z").ill).equals(1)
    expect(kept("2025-12-31T00:00:00Z").ill).equals(0)
    h.remove()
  end)

  it("a firing of the clock that did nothing goes whole after a while, one that did something keeps its key", function()
    local h = flow.home("UTC")
    rule(h, "idle", [[title = "t", on = sw.every "6h", run = function() end]])
    rule(h, "busy", [[title = "t", on = sw.cron "0 8 1 1 *", uses = { "notify" },
      run = function(_, ctx) ctx.notify "x" end]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-02T12:00:00Z")
    local function firings(name)
      local _, many = h.dump():gsub('"kind":"firing","name":"' .. name, "")
      return many
    end
    local before = firings "idle"
    expect(before >= 5).is_true()
    h.ok("rules", "disable", "idle")
    step(h, "2025-03-01T00:00:00Z")
    expect(firings "idle").equals(before)
    step(h, "2025-06-01T00:00:00Z")
    step(h, "2025-06-01T00:00:00Z")
    expect({ firings "idle", firings "busy" }).equals { 0, 1 }
    h.remove()
  end)
end)
