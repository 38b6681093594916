-- G3 through a worker.   cost FILE: a script inside its limits
--                        loop BUDGET_MS: an endless loop, and a script of another package due every 20 ms
local how, what = ...

local function source_of(path)
  local f = assert(io.open(path))
  local text = f:read "a"
  f:close()
  return text
end

local function run(package, source, cpu_ms)
  return assert(sw.box.run("me", package, { { spec = { op = "script", script = "x.lua", source = source }, cpu_ms = cpu_ms } }))[1]
end

local function cost()
  local source = source_of(what)
  run("cost", "return 1", 1000)
  local _, before = bench.cpu()
  local r = run("cost", source, 60000)
  local _, after = bench.cpu()
  assert(r.ok, r.error and r.error.text)
  bench.say(('{"check": %d, "cpu_s": %.6f}'):format(r.out.values[1].value, after - before))
end

local PERIOD_MS = 20

local function keep_schedule(is_over)
  local worst, late, n = 0, 0, 0
  while not is_over() do
    local from = sw.time.mono()
    assert(run("good", "return 1", 200).ok)
    local took = sw.time.mono() - from
    worst, late, n = math.max(worst, took), late + (took > PERIOD_MS and 1 or 0), n + 1
    sw.sys.sleep(math.max(1, PERIOD_MS - took // 1))
  end
  return worst, late, n
end

local function loop()
  local over
  run("good", "return 1", 200)
  run("bad", "return 1", 200)
  sw.spawn(function()
    local r = run("bad", "while true do end", tonumber(what))
    assert(not r.ok)
    over = r.cpu_us / 1000
  end)
  local worst, late, n = keep_schedule(function() return over end)
  bench.say(('{"check": 1, "used_ms": %.3f, "worst_ms": %.3f, "late": %d, "n": %d}'):format(over, worst, late, n))
end

if how == "cost" then
  cost()
else
  loop()
end
bench.done()
