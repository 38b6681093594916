-- Events on their way to rules, cut into parts that each fit a batch: at most 500, near enough in time to
-- share one list of their zone's changes. A list is cut and packed once, whatever number of rules it goes to,
-- so it must not change after that.
--   for _, part in ipairs(parts.of(ctx, events)) do ... end      part = { events, first, zone, packed }
local zones = require("zones")

local parts = {}

local MOST = 500
local SPAN_MS = 3000 * 86400000 -- further than that the list of a zone's changes does not reach

-- Events from `first` on that belong together: the last one, and when they begin and end.
local function stretch(events, first)
  local low, high, last = events[first].at, events[first].at, first
  for i = first + 1, math.min(#events, first + MOST - 1) do
    local at = events[i].at
    local from, to = at < low and at or low, at > high and at or high
    if to - from > SPAN_MS then
      break
    end
    low, high, last = from, to, i
  end
  return last, low, high
end

local function cut(ctx, events)
  local list, first = {}, 1
  while first <= #events do
    local last, low, high = stretch(events, first)
    local whole = first == 1 and last == #events
    local own = whole and events or table.move(events, first, last, 1, {})
    local packed, message, code = sw.box.pack(own)
    if not packed then
      return nil, message, code
    end
    list[#list + 1] = { events = own, first = first, zone = zones.span(ctx.zone, low, high), packed = packed }
    first = last + 1
  end
  return list
end

function parts.of(ctx, events)
  if not events.parts then
    local list, message, code = cut(ctx, events)
    if not list then
      return nil, message, code
    end
    events.parts = list
  end
  return events.parts
end

return parts
