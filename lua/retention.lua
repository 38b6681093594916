-- How long what piles up is kept: lines of history (what each job and sync did) for run_days of config.lua's
-- retention (90), and the last line of each connection whatever its age; what `undo` needs: undo_days (30);
-- what services gave, as it came: raw_days (30), raw_connection_mb (256) and raw_mb (1024), see lua/raw.lua.
--   retention.plan(ctx)   -- a job where there is something to forget; asked at the start and once a day
local home = require("home")
local raw = require("raw")
local trace_keeping = require("trace_keeping")
local undo = require("undo")

local retention = {}

local RUN_DAYS, UNDO_DAYS, DAY_MS = 90, 30, 86400000

-- The instant from which on history is kept.
function retention.runs_from(ctx)
  local days = (ctx.config and ctx.config.retention or {}).run_days or RUN_DAYS
  return sw.time.now() - math.floor(days * DAY_MS)
end

-- The instant from which on a run can be taken back.
function retention.undo_from(ctx)
  local days = (ctx.config and ctx.config.retention or {}).undo_days or UNDO_DAYS
  return sw.time.now() - math.floor(days * DAY_MS)
end

function retention.plan(ctx)
  local any, message, code = sw.store.runs_old(ctx.who, retention.runs_from(ctx))
  local old = 0
  for _, kind in ipairs(undo.kinds) do
    old = old + #(sw.store.docs(ctx.who, kind, { to = retention.undo_from(ctx), limit = 1 }) or {})
  end
  if not any and old == 0 and not raw.is_due(ctx) and not trace_keeping.any(ctx) then
    return message == nil or nil, message, code
  end
  local t = home.txn(ctx)
  t:job { kind = "prune", name = "runs", urgency = 2, due = sw.time.now(), payload = "{}" }
  return t:commit()
end

return retention
