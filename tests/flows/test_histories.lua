-- SPDX-License-Identifier: MIT
-- Rules over random histories: what they do is told by an oracle (tests/support/oracle.lua) that knows the
-- design and nothing of the engine, and must be the same, each once a key, whatever disturbs the engine.
--
-- A history has workouts, nights and samples that come late, are corrected, deleted, come again or from a second
-- service, while an engine is on or off, with rules of every kind of trigger, gate and mode
-- (tests/support/histories.lua). "The same" means the same firings, the same words in the same order, arriving at
-- the same minute. It is asked of three runs of one history:
--   disturbed  the engine dies at random commits, begins again, is given things twice, its clock goes back
--   killed     a process of its own, kill -9 at random moments (a few of them: a process costs more)
--   calm       neither: by the oracle alone, and of each seed that fails, to tell whose fault it is
-- Where the order of arrival matters by design, the final data alone cannot say what is right, so the oracle goes
-- through the arrivals: what came while an event was live (48 h), max_age, cooldown and max_per by the time at
-- which the engine saw it, debounce by the newest, modes by who was under way, and an event that is corrected
-- before the engine sees it is seen as it is then. A trigger on data sees all days there are at each look; late
-- data may begin an episode earlier, which is the same episode, told once.
--
--   ./run histories 10000 1      so many from that seed; one that fails is printed, cut to the shortest history
local flow = require("flow")
local histories = require("histories")
local oracle = require("oracle")

local N = tonumber(os.getenv("SW_HISTORIES"))
local SECONDS = 45 -- without a number: as many as fit
local SEED = tonumber(os.getenv("SW_SEED")) or os.time() % 100000 * 100000
local PROCESSES = 3

local function difference(wanted, got)
  local out = flow.unlike(wanted, got)
  return table.concat(out, "\n", 1, math.min(#out, 12))
end

-- "" when the engine did what it had to do.
local function wrong(h, disturbed)
  local ok, list, kills = pcall(histories.play, h, disturbed)
  return ok and difference(oracle.effects(h), list) or tostring(list), kills
end

local function without(h, from, n)
  local copy = { seed = h.seed, start = h.start, finish = h.finish, ops = {} }
  for i, op in ipairs(h.ops) do
    copy.ops[#copy.ops + 1] = (i < from or i >= from + n) and op or nil
  end
  return copy
end

-- The shortest history that still goes wrong: parts are left out, halves first.
local function shrink(h, disturbed)
  local part = #h.ops // 2
  while part >= 1 do
    local from, cut = 1, false
    while from <= #h.ops do
      local less = without(h, from, part)
      if wrong(less, disturbed) ~= "" then
        h, cut = less, true
      else
        from = from + part
      end
    end
    part = (cut and part > 1 or not cut) and part // 2 or part
  end
  return h
end

local function words_of(h)
  local list = {}
  for i, op in ipairs(h.ops) do
    list[i] = os.date("!%m-%d %H:%M:%S ", op.at // 1000) .. sw.json.encode(op)
  end
  return table.concat(list, "\n")
end

local function report(h, what)
  local disturbed = wrong(h, false) == ""
  local short = shrink(h, disturbed)
  error(("seed %d goes wrong %s (again with: ./run histories 1 %d):\n%s\n%s"):format(h.seed,
    disturbed and "when it is disturbed" or "also when nothing disturbs it", h.seed, what .. "\n" .. words_of(short),
    (wrong(short, disturbed))), 0)
end

local function go_on(n, began)
  if N then
    return n < N
  end
  return sw.time.mono() - began < SECONDS * 1000
end

-- Starts a process and kills it after so many milliseconds; true when it was over before.
local function killed_after(dir, seed, ms)
  flow.sh(("SW_HISTORY=%s:%d %s --lua-test %s/tests/support/history_process.lua >%s/out 2>&1 & pid=$!; sleep %.3f; "
    .. "kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null; true"):format(dir, seed, flow.quote(flow.binary), flow.root, dir, ms / 1000))
  return sw.fs.stat(dir .. "/over") ~= nil
end

describe("rules over random histories", function()
  it("do what the design says, each thing once, though the engine is killed and given things twice", function()
    local began, n, kills = sw.time.mono(), 0, 0
    while go_on(n, began) do
      local h = histories.make(SEED + n)
      local what, k = wrong(h, true)
      if what ~= "" then
        report(h, what)
      end
      n, kills = n + 1, kills + k
    end
    expect(n > 0 and (kills > 0 or n < 20)).is_true()
    sw.sys.out(("note %d histories from seed %d, %d kills, %.0f s\n"):format(n, SEED, kills, (sw.time.mono() - began) / 1000))
  end)

  it("do so in processes that end by kill -9", function()
    local kills = 0
    for i = 1, N == 1 and 0 or PROCESSES do
      local seed, ms = SEED + i, 60
      local dir, remove = histories.folder()
      histories.prepare(dir)
      while not killed_after(dir, seed, ms) do
        kills, ms = kills + 1, ms + (kills * 37 + seed) % 23
        assert(ms < 20000, flow.read(dir .. "/out"))
      end
      local what = difference(oracle.effects(histories.make(seed)), histories.effects_of(dir))
      expect(what == "" and "" or ("seed %d\n%s"):format(seed, what)).equals("")
      remove()
    end
    sw.sys.out(("note %d processes, killed %d times\n"):format(PROCESSES, kills))
  end)
end)

histories.clear()
