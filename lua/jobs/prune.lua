-- Job "prune": forget lines of history that are older than they are to be kept (lua/retention.lua), a part a
-- transaction, so that nothing else waits long.
local chains = require("chains")
local home = require("home")
local raw = require("raw")
local retention = require("retention")
local trace_keeping = require("trace_keeping")
local undo = require("undo")

local prune = {}

local PART = 2000

-- What is needed to take old runs back.
local function forget_undo(ctx, job, kind)
  local old, message, code = sw.store.docs(ctx.who, kind, { to = retention.undo_from(ctx) })
  if not old then
    return nil, message, code
  end
  for _, doc in ipairs(old) do
    local left
    repeat
      local t = home.txn(ctx)
      job:keep(t, "undo of run " .. doc.name)
      t:undo_forget(tonumber(doc.name), PART)
      local done
      done, message, code = t:commit()
      if not done then
        return nil, message, code
      end
      left = done[2]
    until not left
    local t = home.txn(ctx)
    t:doc_delete(kind, doc.name)
    t:commit()
  end
  return #old
end

local function forget_runs(ctx, job)
  local sum = 0
  for _, kind in ipairs(undo.kinds) do
    local n, message, code = forget_undo(ctx, job, kind)
    if not n then
      return nil, message, code
    end
    sum = sum + n
  end
  return sum
end

function prune.run(ctx, job)
  local runs, why, kind = forget_runs(ctx, job)
  if not runs then
    return nil, why, kind
  end
  local items
  items, why, kind = raw.prune(ctx, function(t)
    job:keep(t, "what services gave")
  end)
  if not items then
    return nil, why, kind
  end
  local before, gone = retention.runs_from(ctx), 0
  repeat
    local t = home.txn(ctx)
    job:keep(t, ("%d forgotten"):format(gone))
    t:jobs_forget(0, before)
    t:runs_prune(before, PART)
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
    local n = done[#done]
    gone = gone + n
  until n < PART
  local traces
  traces, why, kind = chains.prune(ctx, before)
  if traces then
    traces, why, kind = trace_keeping.prune(ctx)
  end
  if not traces then
    return nil, why, kind
  end
  return { forgotten = gone, undo = runs, raw = items, traces = traces }
end

return prune
