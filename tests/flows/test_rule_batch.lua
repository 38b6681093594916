-- SPDX-License-Identifier: MIT
-- Many events for one rule, sent to a worker together: each is a run with its own result, error and charge.
local AT = 1772323200000

local count = 0

-- Load one rule with this body into a package of its own; gives a function that runs it over events.
local function rule(text, params)
  count = count + 1
  local package = "batch" .. count
  local source = 'local sw = require "syncwell"\nreturn sw.rule { title = "t", on = sw.event "workout.created",\n' .. text .. " }\n"
  local loaded = assert(sw.box.load("me", package, { { name = "rules/x.lua", source = source } }))[1]
  assert(loaded.ok, loaded.error and loaded.error.text)
  return function(events, cpu_ms, on_call)
    return assert(sw.box.batch("me", package, { script = "rules/x.lua", user = "me", offset_min = 60, params = params }, events,
      cpu_ms or 200, on_call))
  end
end

local function workouts(n, change)
  local list = {}
  for i = 1, n do
    list[i] = { at = AT + i, event = { id = "w" .. i, group = "g" .. i, kind = "workout", day = "2026-03-01", start = AT - 5400000,
      finish = AT, offset_start = 60, offset_finish = 60, providers = { "garmin", "strava" }, provider = "garmin",
      attributes = { sport = "running", elapsed_s = i * 60, distance_m = 15000.5 } } }
    if change then
      change(list[i], i)
    end
  end
  return list
end

local function fired(results)
  local list = {}
  for i, r in ipairs(results) do
    list[#list + 1] = r.ok and r.out.fired and i or nil
  end
  return list
end

describe("events of a batch", function()
  it("fire where the rule says so, each with its key and its actions", function()
    local run = rule 'uses = { "notify" }, when = function(w) return w.elapsed > "3min" end, run = function(w, ctx) ctx.notify { text = w.sport .. w.id } end'
    local results = run(workouts(5))
    expect(fired(results)).equals { 4, 5 }
    expect(results[4].out).equals { fired = true, key = "g4", actions = { { action = "notify", occurrence = 1, args = { text = "runningw4" } } } }
    expect(results[1].out.actions).is_nil()
  end)

  it("number more than a frame holds", function()
    local run = rule 'when = function(w) return w.elapsed_s % 600 == 0 end, run = function() end'
    local results = run(workouts(9000, function(e) e.event.attributes.title = ("x"):rep(200) end))
    expect(#results).equals(9000)
    expect(#fired(results)).equals(900)
  end)

  it("show fields as they came, times and quantities, and nothing for what is empty", function()
    local run = rule [[run = function(w, ctx)
      ctx.log(w.kind, w.distance_m, w.distance, w.start, w.finish.hour, w.providers[2], w.hr_avg, w.attributes.sport, w.title)
      local n = 0
      for _ in pairs(w) do n = n + 1 end
      ctx.log(n, getmetatable(w), pcall(function() w.sport = "x" end))
    end]]
    local log = run(workouts(1))[1].out.log
    expect(log[1]).equals("workout 15000.5 15 km 2026-02-28T23:30:00+01:00 1 strava nil running nil")
    expect(log[2]).contains("11 false false")
  end)

  it("know no field that is misspelled", function()
    local r = rule "run = function(w) return w.elasped_s end"(workouts(2))[2]
    expect(r.ok).equals(false)
    expect(r.error.text).contains("a workout has no field 'elasped_s' (did you mean 'elapsed_s'?)")
    expect(r.error.line).equals(3)
  end)

  it("have names of their own beyond what the list of names holds", function()
    local run = rule "when = function(w) return w.attributes.f299 == 299 and w.f260 == 260 end, run = function() end"
    expect(fired(run(workouts(2, function(e, n)
      for i = 1, n == 2 and 300 or 10 do
        e.event.attributes["f" .. i] = i
      end
    end)))).equals { 2 }
  end)

  it("take their instant, and numbers by chance that their key decides", function()
    local run = rule 'run = function(w, ctx) ctx.log(os.time(), ctx.now.ms, math.random(1000000)) end'
    local once, again = run(workouts(3)), run({ workouts(3)[3] })
    local seconds, ms = once[3].out.log[1]:match "^(%d+) (%d+)"
    expect({ tonumber(seconds), tonumber(ms) }).equals { AT // 1000, AT + 3 }
    expect(again[1].out.log).equals(once[3].out.log)
    expect(once[1].out.log[1]:match "%d+$" ~= once[2].out.log[1]:match "%d+$").is_true()
  end)

  it("fail alone: an error, a loop and too much output cost their own run only", function()
    local run = rule [[uses = { "notify" }, run = function(w, ctx)
      if w.id == "w2" then error "no" elseif w.id == "w4" then while true do end
      elseif w.id == "w6" then for i = 1, 100 do ctx.log(("x"):rep(1000)) ctx.notify(("y"):rep(550)) end end
      ctx.log(w.id)
    end]]
    local results = run(workouts(7), 50)
    local ok = {}
    for i, r in ipairs(results) do
      ok[i] = r.ok and r.out.log and r.out.log[1] or r.error.text:match "no$" or r.error.text:match "CPU time" or r.error.text
    end
    expect(ok).equals { "w1", "no", "w3", "CPU time", "w5", "more than 64 KB of data", "w7" }
    expect(results[4].cpu_us < 150000).is_true()
  end)

  it("that lose their worker are charged one by one, the others run again", function()
    local run = rule [[run = function(w, ctx)
      if w.id == "w3" then
        local mt = {}
        local t = setmetatable({}, mt)
        local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
        mt.__concat = function() deep(15000) return "x" end
        local s = "a"
        for _ = 1, 50 do
          coroutine.wrap(function() return s .. t .. s .. t .. s .. t .. s .. t .. s .. t end)()
        end
      end
      ctx.log(w.id)
    end]]
    local results = run(workouts(6))
    expect(fired(results)).equals { 1, 2, 4, 5, 6 }
    expect(results[3].killed).equals(true)
    expect(results[3].error.text).contains("crashed its worker")
    expect(results[6].out.log).equals { "w6" }
  end)

  it("wait for the engine without holding up the next", function()
    local run = rule [[run = function(w, ctx)
      local mine = w.id
      if w.id == "w1" then ctx.log(#ctx.records("workout")) end
      ctx.log(mine, w.id, ctx.now.ms)
    end]]
    local results = run(workouts(3), 200, function(call) sw.box.reply(call, true, { { kind = "workout" }, { kind = "workout" } }) end)
    expect(results[1].out.log).equals { "2", "w1 w1 " .. AT + 1 }
    expect(results[3].out.log).equals { "w3 w3 " .. AT + 3 }
  end)

  it("stay themselves when a rule keeps them", function()
    local run = rule [[run = function(w, ctx)
      first, state = first or w, state or ctx
      ctx.log(first.id, w.id, state.now.ms)
    end]]
    local results = run(workouts(2))
    expect(results[2].out.log).equals { "w1 w2 " .. AT + 2 }
    expect(run(workouts(1))[1].out.log).equals { "w1 w1 " .. AT + 1 }
  end)

  it("that wait or keep something end there and ask to be run alone; nobody can catch that", function()
    local run = rule [[run = function(w, ctx)
      if w.id == "w2" then pcall(ctx.sleep, "1h") ctx.log "went on"
      elseif w.id == "w3" then coroutine.wrap(function() ctx.state.n = 1 end)() ctx.log "went on"
      elseif w.id == "w4" then table.sort({ 1, 2, 3 }, function() ctx.sleep "1h" end) end
    end]]
    local results = run(workouts(5))
    expect(fired(results)).equals { 1, 5 }
    expect(results[2].out).equals { fired = false, steps = true }
    expect(results[3].out).equals { fired = false, steps = true }
    expect(results[4].error.text).contains("ctx.sleep cannot be used here: a sort, gsub or metamethod is under way")
  end)

  it("ask for no more than was granted, and act through what the library checks", function()
    local run = rule [[uses = { "notify" }, run = function(w, ctx)
      if w.id == "w1" then ctx.notify { text = "a", title = "b", if_past = "now" } ctx.notify "c"
      elseif w.id == "w2" then ctx.notify { txt = "a" }
      elseif w.id == "w3" then ctx.calendar.add { title = "x", at = w.finish }
      elseif w.id == "w4" then ctx.notify { title = "only" }
      else ctx.notify.x = 1 end
    end]]
    local results = run(workouts(5))
    expect(results[1].out.actions[1].args).equals { text = "a", title = "b", if_past = "now" }
    expect(results[1].out.actions[2].occurrence).equals(2)
    expect(results[2].error.text).contains("unknown key 'txt' in ctx.notify (did you mean 'text'?)")
    expect(results[3].error.text).contains("ctx.calendar.add is not granted to this rule")
    expect(results[4].error.text).contains("ctx.notify lacks 'text'")
    expect(results[5].ok).equals(false)
  end)

  it("act with texts of any length, as they are, and with what becomes a text", function()
    local run = rule [[uses = { "notify", "task:write" }, run = function(w, ctx)
      ctx.notify { text = ("x"):rep(w.elapsed_s), title = w.sport }
      ctx.notify { text = w.elapsed_s }
      ctx.task.add { title = w.id, notes = "" }
      ctx.notify(w.sport)
    end]]
    local lengths = { 1, 127, 128, 129, 4096, 4097, 9000 }
    local results = run(workouts(#lengths, function(e, i) e.event.attributes.elapsed_s = lengths[i] end))
    for i, n in ipairs(lengths) do
      local list = results[i].out.actions
      expect(list[1]).equals { action = "notify", occurrence = 1, args = { text = ("x"):rep(n), title = "running" } }
      expect(list[2]).equals { action = "notify", occurrence = 2, args = { text = tostring(n) } }
      expect(list[3]).equals { action = "task.add", occurrence = 1, args = { title = "w" .. i, notes = "" } }
      expect(list[4].args.text .. list[4].occurrence).equals "running3"
    end
  end)

  it("show all fields of an event that is longer than most, and of its neighbours", function()
    local run = rule [[run = function(w, ctx)
      ctx.log(w.id, w.sport, #(w.attributes.notes or ""), w.distance_m, w.title)
    end]]
    local results = run(workouts(3, function(e, i)
      e.event.attributes.notes = i == 2 and ("n"):rep(70000) or nil
      e.event.attributes.title = i == 2 and "last" or nil
    end))
    expect(results[1].out.log[1]).equals "w1 running 0 15000.5 nil"
    expect(results[2].out.log[1]).equals "w2 running 70000 15000.5 last"
    expect(results[3].out.log[1]).equals "w3 running 0 15000.5 nil"
  end)

  it("show an attribute that has the bare name of a quantity, and no quantity of what is no number", function()
    local run = rule "run = function(w, ctx) ctx.log(w.elapsed, w.distance, w.pace) end"
    local results = run(workouts(3, function(e, i)
      e.event.attributes.elapsed = i == 2 and "own" or nil
      e.event.attributes.distance_m = i == 3 and "far" or 500
      e.event.attributes.pace_s = 300
    end))
    expect(results[1].out.log[1]).equals "1 min 500 m 5 min"
    expect(results[2].out.log[1]).equals "own 500 m 5 min"
    expect(results[3].out.log[1]).equals "3 min nil 5 min"
  end)

  it("have quantities whatever their kind, and the comparison of one run says nothing to the next", function()
    local run = rule [[run = function(w, ctx)
      ctx.log(w.elapsed > "90s", w.elapsed >= "2min", "2min" < w.elapsed, w.elapsed + "1min", pcall(function() return w.elapsed > "2km" end))
    end]]
    local results = run(workouts(3, function(e, i) e.event.kind = i == 2 and "unheard_of" or "workout" end))
    expect(results[1].out.log[1]).contains "false false false 2 min false"
    expect(results[2].out.log[1]).contains "true true false 3 min false"
    expect(results[3].out.log[1]).contains "true true true 4 min false"
  end)

  it("show the event's own field where an attribute has the same name", function()
    local run = rule "run = function(w, ctx) ctx.log(w.kind, w.day, w.attributes.day) end"
    local results = run(workouts(2, function(e) e.event.attributes.day = "inner" end))
    expect(results[2].out.log[1]).equals "workout 2026-03-01 inner"
  end)

  it("are each told why when the rule cannot begin, whatever came before", function()
    local run = rule('params = { min = sw.number { default = 1, max = 5 } }, run = function() end', { min = 9 })
    for _, r in ipairs(run(workouts(3))) do
      expect(r.error.text).contains "parameter 'min'"
    end
  end)

  it("take no more than 200 actions of one of them", function()
    local run = rule 'uses = { "notify" }, run = function(w, ctx) for i = 1, w.elapsed_s do ctx.notify "x" end end'
    local results = run(workouts(4))
    expect(#results[3].out.actions).equals(180)
    expect(results[4].error.text).contains("more than 200 actions in one firing")
  end)

  it("pass the filters of the trigger and the bound on age before the rule is asked", function()
    local run = rule 'max_age = "1h", run = function() end'
    expect(fired(run(workouts(2, function(e, i) e.at = AT + (i - 1) * 2 * 3600000 end)))).equals { 1 }
  end)
end)
