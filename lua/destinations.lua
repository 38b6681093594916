-- Destinations: connections whose provider writes. What is to be written is planned as a job for each, in
-- the transaction that records it.
--   destinations.plan(ctx, t, "calendar", uid, { uid = uid, ics = text, from = what it was made from })
local connections = require("connections")
local providers = require("providers")

local destinations = {}

-- Connections that write this kind of thing; those that need their user wait with the entry.
function destinations.of(ctx, what)
  local list = {}
  for _, c in ipairs(connections.list(ctx) or {}) do
    local p = c.state ~= "revoked" and providers.get(ctx, c.provider)
    if p and (p.declaration.writes or {})[what] then
      list[#list + 1] = c
    end
  end
  return list
end

function destinations.plan(ctx, t, what, key, entry)
  for _, c in ipairs(destinations.of(ctx, what)) do
    t:job { kind = "deliver", urgency = 1, name = ("%d:%s"):format(c.id, key),
      payload = sw.json.encode { connection = c.id,
      what = what, entry = entry } }
  end
end

return destinations
