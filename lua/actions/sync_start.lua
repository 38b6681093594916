-- ctx.sync.start "strava": asks a connection now. It is an ordinary sync: limits and waits of the service
-- hold, and one that was asked within a minute is left alone, so that two rules cannot chase each other.
local connections = require("connections")
local home = require("home")

local LEAST_MS = 60000

local function send(ctx, _, args)
  local c, message = connections.find(ctx, args.connection)
  if not c then
    return nil, message, "bad"
  elseif c.state ~= "active" and c.state ~= "error" then
    return ("skipped: %s is %s"):format(connections.title(c), c.state)
  elseif sw.time.now() - (c.body.last_sync or 0) < LEAST_MS then
    return ("skipped: %s was asked less than a minute ago"):format(connections.title(c))
  end
  local t = home.txn(ctx)
  connections.plan(t, c, sw.time.now(), "rule")
  local ok, why, code = t:commit()
  return ok and "done" or nil, why, code
end

return { grant = "sync:start", keyed = true, send = send }
