-- kill -9 at random moments during imports and rule runs: after a clean finish the dump is that of an
-- undisturbed run, every effect is there once, and a killed engine leaves no process behind.
local flow = require("flow")
local world = require("world")

local KILLS = tonumber(os.getenv("SW_KILLS")) or 50

local rule = [[local sw = require "syncwell"
return sw.rule { title = "every workout", on = sw.event "workout.created", backfill = true, uses = { "calendar:write", "notify" },
  run = function(w, ctx)
    ctx.calendar.add { title = "after " .. w.sport, at = w.finish + "30min", duration = "10min", if_past = "now" }
    ctx.notify { text = "done: " .. w.sport .. " " .. w.day }
  end }
]]

local nightly = [[local sw = require "syncwell"
return sw.rule { title = "nightly", on = sw.cron "0 3 * * *", uses = { "notify" },
  run = function(w, ctx) ctx.notify("night of " .. ctx.series("steps", { last = "7d" }).n) end }
]]

local T0, T1 = "2025-06-15T00:00:00Z", "2025-06-25T00:00:00Z"

local function prepared()
  local h = flow.home("Europe/Berlin")
  flow.write(h.dir .. "/rules/automations/each.lua", rule)
  flow.write(h.dir .. "/rules/automations/nightly.lua", nightly)
  return h
end

local function finish(h, paths)
  h.ok("--now", T0, "import", table.unpack(paths))
  h.ok("--now", T0, "run", "--once")
  h.ok("--now", T1, "run", "--once")
end

-- Run a command and kill it after so many milliseconds. True when it was still running then.
local function killed(h, ms, ...)
  local r = flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep %.3f; if kill -9 $pid 2>/dev/null; then echo killed; fi; wait $pid 2>/dev/null; true"):format(
    h.command(...), ms / 1000))
  return r.out:find("killed") ~= nil
end

local function lines(path)
  local list = {}
  for line in (flow.read(path) or ""):gmatch("[^\n]+") do
    list[#list + 1] = line:match("^%S+%s+(.*)$")
  end
  table.sort(list)
  return list
end

describe("kill -9", function()
  it(("at %d random moments of importing and firing leaves what an undisturbed run leaves"):format(KILLS),
    function()
    local calm = prepared()
    local w = world.new(calm.dir, { first = "2025-01-01", days = 165, seed = 9 })
    local paths = { w.export() }
    for i = 1, 12 do
      paths[#paths + 1] = w.activity(i, "fit")
    end
    local began = sw.time.mono()
    calm.ok("--now", T0, "import", table.unpack(paths))
    local import_ms = sw.time.mono() - began
    began = sw.time.mono()
    finish(calm, paths)
    local run_ms = sw.time.mono() - began
    local wanted, wanted_notes, wanted_ics = calm.dump(), lines(calm.dir .. "/notifications.log"),
      flow.read(calm.dir .. "/calendar.ics")
    local seed = tonumber(os.getenv("SW_SEED")) or 20250301
    math.randomseed(seed)
    local hits, rounds = 0, 0
    -- how long a command may run before it is killed: what it took here, and less whenever it was over before,
    -- since the calm run may have been slowed by whatever else the machine did
    local most_ms = { import = import_ms * 2 // 3, first = run_ms // 4, second = run_ms // 4 }
    -- kill one command again and again, at random moments, until it ends by itself
    local function harass(h, what, ...)
      for _ = 1, 12 do
        if not killed(h, math.random(4, math.max(12, math.floor(most_ms[what]))), ...) then
          most_ms[what] = most_ms[what] * 0.75
          return
        end
        most_ms[what] = most_ms[what] * 1.05
        hits = hits + 1
      end
    end
    while hits < KILLS and rounds < KILLS do
      rounds = rounds + 1
      local h = prepared()
      harass(h, "import", "--now", T0, "import", table.unpack(paths))
      h.ok("--now", T0, "import", table.unpack(paths))
      harass(h, "first", "--now", T0, "run", "--once")
      h.ok("--now", T0, "run", "--once")
      harass(h, "second", "--now", T1, "run", "--once")
      finish(h, paths)
      expect(flow.difference(wanted, h.dump())).equals("")
      expect(lines(h.dir .. "/notifications.log")).equals(wanted_notes)
      expect(flow.read(h.dir .. "/calendar.ics") == wanted_ics).is_true()
      h.remove()
    end
    sw.sys.out(("note seed %d: killed %d times in mid-run over %d homes, all equal; %d notifications once each\n"):format(seed, hits, rounds,
      #wanted_notes))
    expect(hits >= KILLS).is_true()
    calm.remove()
  end)

  it("leaves no process after one second, a looping script included", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/loop.lua", "while true do end")
    -- a copy of the programs, so that only their processes are counted
    flow.sh(("cp %s %s-box %s/"):format(flow.binary, flow.binary, h.dir))
    flow.sh(("export SYNCWELL_SHARE=%s/share; %s/syncwell script run %s --time 60s >/dev/null 2>&1 & pid=$!; for i in $(seq 200); do pgrep -f %s/[s]yncwell-box >%s/seen && break; sleep 0.1; done; sleep 0.3; kill -9 $pid; wait $pid 2>/dev/null; sleep 1"):format(
      flow.binary:match("^(.*)/[^/]+$"), h.dir, h.dir .. "/loop.lua", h.dir, h.dir))
    local seen = flow.read(h.dir .. "/seen") or ""
    expect(seen:find("%d") ~= nil).is_true()
    expect(flow.sh(("pgrep -f %s/[s]yncwell || true"):format(h.dir)).out).equals("")
    h.remove()
  end)
end)
