-- What a trigger on an event asks beside its kind, and whether an event has it: read by the box and by the
-- engine (lua/filters.lua), which judges first. A filter that is named here is asked everywhere.
--   matching.has("sport", "running", function(name) return event[name] end, alike) --> true, "running"
local matching = {}

matching.names = { "provider", "maker", "sport", "type", "metric", "origin" }

-- When it came, which `origin` may name as well as a device. What is played again counts as it would have
-- then.
local timely = { live = true, backfill = true, replay = true }

-- Does the trigger ask for anything?
function matching.asks(trigger)
  for _, name in ipairs(trigger.kind == "event" and matching.names or {}) do
    if trigger[name] then
      return true
    end
  end
  return false
end

-- get(name): a field of the event as it came. alike(a, b): are they one name of a device as people type it?
-- Second result: the value that decided.
function matching.has(name, wanted, get, alike)
  local value = get(name)
  if name == "origin" and timely[wanted] then
    local came = get "live"
    value = came == "backfill" and came or came == wanted and came or "live"
  end
  local equal = name == "origin" and type(value) == "string" and alike or rawequal
  if equal(value, wanted) then
    return true, value
  end
  local members = get(name .. "s")
  for _, member in ipairs(type(members) == "table" and members or {}) do
    if equal(member, wanted) then
      return true, member
    end
  end
  return false, value
end

return matching
