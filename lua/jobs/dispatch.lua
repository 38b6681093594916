-- Job "dispatch": events of stored records to the rules that listen to them.
-- payload: { events = { { event = "workout.created", group = n } ... }, live_after = ms }
-- What finished before live_after came from a historical sync and fires only rules that ask for it.
local record = require("record")
local rules = require("rules")

local dispatch = {}

-- One entry a group and kind of event, in the order in which they came.
local function unique(events)
  local seen, list = {}, {}
  for _, e in ipairs(events) do
    local key = e.event .. e.group
    if not seen[key] then
      seen[key] = true
      list[#list + 1] = e
    end
  end
  return list
end

local function wanted_by_any(all, kind)
  for _, rule in ipairs(all) do
    if rule.live and rules.listens(rule, kind) then
      return true
    end
  end
end

local function load_events(ctx, job, all)
  local out = {}
  for _, e in ipairs(unique(job.payload.events)) do
    if e.data and wanted_by_any(all, e.event) then
      e.data.id, e.data.group, e.data.at, e.data.live = e.group, e.group, job.payload.at, "live"
      out[#out + 1] = { kind = e.event, event = e.data, at = sw.time.now() }
    elseif not e.data and wanted_by_any(all, e.event) then
      local members, message, code = sw.store.records(ctx.who, { group = e.group })
      if not members then
        return nil, message, code
      elseif #members > 0 then
        local view = record.merged(members)
        view.live = view.finish >= job.payload.live_after and "live" or "backfill"
        out[#out + 1] = { kind = e.event, event = view, at = sw.time.now() }
      end
    end
  end
  return out
end

local function for_rule(rule, events)
  local list = {}
  for _, e in ipairs(events) do
    if rules.listens(rule, e.kind) and (e.event.live == "live" or rule.declaration.backfill) then
      list[#list + 1] = e
    end
  end
  return list
end

function dispatch.run(ctx, job)
  local all, message, code = rules.load(ctx)
  if not all then
    return nil, message, code
  end
  local events
  events, message, code = load_events(ctx, job, all)
  if not events then
    return nil, message, code
  end
  local fired = 0
  for _, rule in ipairs(all) do
    local list = rule.live and for_rule(rule, events) or {}
    for from = 1, #list, 500 do
      local n, why, kind = rules.apply(ctx, rule, table.move(list, from, math.min(from + 499, #list), 1, {}))
      if not n then
        return nil, why, kind
      end
      fired = fired + n
    end
  end
  return { events = #events, fired = fired }
end

return dispatch
