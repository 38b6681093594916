-- Job "prune": forget lines of history that are older than they are to be kept (lua/retention.lua), a part a
-- transaction, so that nothing else waits long.
local home = require("home")
local retention = require("retention")

local prune = {}

local PART = 2000

function prune.run(ctx, job)
  local before, gone = retention.runs_from(ctx), 0
  repeat
    local t = home.txn(ctx)
    job:keep(t, ("%d forgotten"):format(gone))
    t:runs_prune(before, PART)
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
    local n = done[#done]
    gone = gone + n
  until n < PART
  return { forgotten = gone }
end

return prune
