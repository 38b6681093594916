-- What rules cost: runs, failures, the spread of their CPU time; gathered in memory, written now and then.
--   tally.add(ctx, "hydrate", results)      after a batch: results of the box with cpu_us
--   tally.flush(ctx)                        into documents `.rule_cost`, added to what stands there
--   tally.all(ctx)                          --> { { name, runs, failed, cpu_us, p95_us, most_us } ... }
local home = require("home")

local json = sw.json
local tally = {}

local BUCKETS = 24 -- doubling: bucket k holds runs of up to 2^k microseconds

local waiting = {} -- person -> rule -> what is not written yet

local function bucket_of(us)
  local k = 1
  while k < BUCKETS and us > 1 << k do
    k = k + 1
  end
  return k
end

local function fresh()
  local to = { runs = 0, failed = 0, cpu_us = 0, most_us = 0, memory = 0, spread = {} }
  for k = 1, BUCKETS do
    to.spread[k] = 0
  end
  return to
end

local function count(sum, n, us)
  local k = bucket_of(us)
  sum.runs, sum.cpu_us, sum.most_us = sum.runs + n, sum.cpu_us + n * us, math.max(sum.most_us, us)
  sum.spread[k] = sum.spread[k] + n
end

function tally.add(ctx, name, results)
  local mine = waiting[ctx.who] or {}
  waiting[ctx.who] = mine
  local sum = mine[name] or fresh()
  mine[name] = sum
  local told = results.told
  for i = 1, told and #told or #results do
    local r = results[told and told[i] or i]
    count(sum, 1, r.cpu_us or 0)
    sum.failed, sum.memory = sum.failed + (r.ok and 0 or 1), math.max(sum.memory, r.memory or 0)
  end
  local quiet = told and #results - #told or 0
  if quiet > 0 then -- their time is known together
    count(sum, quiet, results.quiet_us // quiet)
  end
end

local function joined(old, new)
  local to = fresh()
  for k = 1, BUCKETS do
    to.spread[k] = (old.spread and old.spread[k] or 0) + new.spread[k]
  end
  for _, name in ipairs { "runs", "failed", "cpu_us" } do
    to[name] = (old[name] or 0) + new[name]
  end
  to.most_us, to.memory = math.max(old.most_us or 0, new.most_us), math.max(old.memory or 0, new.memory)
  to.since = old.since or sw.time.now()
  return to
end

-- Two processes that write at the same moment: one of them is counted, which is enough for a look.
function tally.flush(ctx)
  local mine = waiting[ctx.who]
  if not mine or next(mine) == nil then
    return true
  end
  waiting[ctx.who] = nil
  local t = home.txn(ctx)
  for name, sum in pairs(mine) do
    local doc = sw.store.doc(ctx.who, ".rule_cost", name)
    t:doc(".rule_cost", name, json.encode(joined(doc and doc.body or {}, sum)))
  end
  return t:commit()
end

-- The upper end of the bucket that 95 of 100 runs reach at most.
local function p95(body)
  local left = math.ceil(body.runs * 0.95)
  for k = 1, BUCKETS do
    left = left - (body.spread[k] or 0)
    if left <= 0 then
      return math.min(1 << k, body.most_us)
    end
  end
  return body.most_us
end

function tally.all(ctx)
  local list = {}
  for _, doc in ipairs(sw.store.docs(ctx.who, ".rule_cost", { limit = 10000 }) or {}) do
    local b = doc.body
    list[#list + 1] = { name = doc.name, runs = b.runs, failed = b.failed, cpu_us = b.cpu_us,
      mean_us = b.runs > 0 and b.cpu_us // b.runs or 0, p95_us = p95(b), most_us = b.most_us,
        memory = b.memory,
      since = b.since }
  end
  table.sort(list, function(a, b)
    return a.cpu_us > b.cpu_us
  end)
  return list
end

return tally
