-- G13 as the engine's own queue does it: N jobs added in hundreds, then queue.run_due.   HOME N
local dir, n = ...
local home = require("home")
local queue = require("queue")

n = tonumber(n)
local ctx = assert(home.open({ home = dir, zone = "UTC" }, true))
ctx.daemon = true
local times, twice = 0, 0
local seen = {}

package.loaded["jobs.bench"] = { run = function(_, job)
  times, twice = times + 1, twice + (seen[job.payload.k] and 1 or 0)
  seen[job.payload.k] = true
  return {}
end }

local before = bench.cpu()
for from = 1, n, 100 do
  local t = home.txn(ctx)
  for k = from, math.min(from + 99, n) do
    t:job { kind = "bench", due = 1, payload = ('{"k":%d}'):format(k) }
  end
  assert(t:commit())
end
assert(queue.run_due(ctx))
local used = bench.cpu() - before
assert(twice == 0, "a job ran twice")
bench.say(('{"check": "%d once, %d left, %d in history", "cpu_s": %.6f}'):format(times, #sw.store.jobs(ctx.who),
  #sw.store.runs(ctx.who, n + 1), used))
bench.done()
