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

-- An entry that was changed or taken away since it was planned is left to what was planned then.
function destinations.superseded(ctx, p)
  if p.what ~= "calendar" or not p.entry.uid then
    return false
  end
  local doc, message = sw.store.doc(ctx.who, "calendar", p.entry.uid)
  if message then
    return false
  end
  return p.entry.remove and doc ~= nil or not p.entry.remove and (doc == nil
    or (doc.body.sequence or 0) > (p.entry.sequence or 0))
end

-- key: what the entry is known by; each change of it is a job of its own.
function destinations.plan(ctx, t, what, key, entry)
  for _, c in ipairs(destinations.of(ctx, what)) do
    t:job { kind = "deliver", urgency = 1, name = ("%d:%s%s"):format(c.id, key,
      (entry.sequence or 0) > 0 and "#" .. entry.sequence or ""),
      payload = sw.json.encode { connection = c.id,
      what = what, entry = entry } }
  end
end

return destinations
