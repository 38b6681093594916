-- Job "dispatch": events of stored records to the rules that listen to them.
-- Firings that wait for one of them go on (lua/waiting.lua).
-- payload: { events = { { event = "workout.created", group = n } ... }, live_after = ms }
-- What finished before live_after came from a historical sync and fires only rules that ask for it.
local chains = require("chains")
local record = require("record")
local rules = require("rules")
local standing = require("standing")
local triggers = require("triggers")
local waiting = require("waiting")

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

-- The id of a group as scripts see it, and what is left to show of one whose last member went.
local function name_of(group)
  return type(group) == "number" and ("%x"):format(group) or group
end

local function gone(e)
  local name = name_of(e.group)
  return { kind = e.event:match("^%l+"), id = name, group = name, state = "retracted", live = "live" }
end

-- The chain of a record that a rule added; true when nobody may hear of it any more.
local function chain_of(ctx, view)
  local chain = chains.behind(ctx, view)
  if not chain then
    return nil
  end
  local free, why, code = false, chains.refusal(chain), nil
  if not why then
    free, why, code = chains.spend(ctx, chain)
  end
  if free == false then
    sw.sys.log("warn", "rules", "what a rule added sets off nothing more: " .. why)
  end
  return free and chain or free == false, why, code
end

-- Is there a rule that takes back what it did when such a record is corrected?
local function minds_change(set, kind)
  for _, rule in ipairs(kind:find("%.updated$") and set.all or {}) do
    if rule.live and triggers.takes_back(rule, kind) then
      return true
    end
  end
  return false
end

local function load_events(ctx, job, set, waits)
  local out = {}
  for _, e in ipairs(unique(job.payload.events)) do
    local wanted = #standing.listening(set, e.event) > 0 or waiting.listens(waits, e.event)
      or minds_change(set, e.event)
    if e.data and wanted then
      e.data.id, e.data.group, e.data.at, e.data.live = e.group, e.group, job.payload.at, "live"
      out[#out + 1] = { kind = e.event, event = e.data, at = sw.time.now(), job = job.id }
    elseif wanted then
      local members, message, code = sw.store.records(ctx.who, { group = e.group })
      if not members then
        return nil, message, code
      elseif #members == 0 and e.event:find("%.retracted$") then
        out[#out + 1] = { kind = e.event, event = gone(e), at = sw.time.now(), job = job.id }
      elseif #members > 0 then
        local view = record.merged(members)
        view.live = view.finish >= job.payload.live_after and "live" or "backfill"
        local chain, why, kind = chain_of(ctx, view)
        if not chain and why then
          return nil, why, kind
        elseif chain ~= true then -- else nobody hears of it
          out[#out + 1] = { kind = e.event, event = view, at = sw.time.now(), job = job.id, chain = chain }
        end
      end
    end
  end
  return out
end

-- The rules that listen to any of them, in the order of their names, and the kinds of these events.
local function matched(set, events)
  local of_kind, concerned, seen, kinds = {}, {}, {}, {}
  for _, e in ipairs(events) do
    if not of_kind[e.kind] then
      of_kind[e.kind] = true
      kinds[#kinds + 1] = e.kind
      for _, rule in ipairs(standing.listening(set, e.kind)) do
        concerned[#concerned + 1] = not seen[rule] and rule or nil
        seen[rule] = true
      end
    end
  end
  table.sort(concerned, function(a, b) return a.name < b.name end)
  return concerned, kinds
end

-- The events that concern a rule. Rules that listen to the same ones are given one list, which is packed for
-- their workers once; `lists` holds those there are.
local function for_rule(set, rule, events, lists)
  local listens, mark = {}, { tostring(rule.declaration.backfill or false) }
  mark[2] = triggers.judged_here(rule) and rule.name or nil
  for _, kind in ipairs(lists.kinds) do
    listens[kind] = standing.is_listening(set, rule, kind)
    mark[#mark + 1] = listens[kind] and kind or nil
  end
  mark = table.concat(mark, " ")
  if not lists[mark] then
    local list = {}
    for _, e in ipairs(events) do
      if listens[e.kind] and (e.event.live == "live" or rule.declaration.backfill)
        and triggers.concerns(rule, e.kind, e.event) then
        list[#list + 1] = e
      end
    end
    lists[mark] = list
  end
  return lists[mark]
end

-- Rules that fired for a real event that is gone, or is no longer what they fired for, take back what they
-- did. changes: { { kind, group, view = as it is now } ... }
local function take_back(ctx, set, changes)
  local fired = 0
  for _, c in ipairs(changes) do
    for _, rule in ipairs(set.all) do
      if rule.live and triggers.takes_back(rule, c.kind) then
        local n, message, code
        if c.view then
          n, message, code = rules.correct(ctx, rule, c.view)
        else
          n, message, code = rules.retract(ctx, rule, c.group)
        end
        if not n then
          return nil, message, code
        end
        fired = fired + n
      end
    end
  end
  return fired
end

local function changes_of(job, events)
  local list = {}
  for _, e in ipairs(unique(job.payload.events)) do
    list[#list + 1] = e.event:find("%.retracted$") and { kind = e.event, group = name_of(e.group) } or nil
  end
  for _, e in ipairs(events) do
    list[#list + 1] = e.kind:find("%.updated$") and { kind = e.kind, view = e.event } or nil
  end
  return list
end

function dispatch.run(ctx, job)
  local set, message, code = standing.rules(ctx)
  if not set then
    return nil, message, code
  end
  local waits = waiting.all(ctx)
  local events
  events, message, code = load_events(ctx, job, set, waits)
  if not events then
    return nil, message, code
  end
  local woken
  woken, message, code = waiting.wake_by_events(ctx, job, waits, events)
  if not woken then
    return nil, message, code
  end
  local fired, concerned, kinds = 0, matched(set, events)
  local lists = { kinds = kinds }
  for _, rule in ipairs(concerned) do
    local n, why, kind = rules.apply(ctx, rule, for_rule(set, rule, events, lists))
    if not n then
      return nil, why, kind
    end
    fired = fired + n
  end
  local back
  back, message, code = take_back(ctx, set, changes_of(job, events))
  if not back then
    return nil, message, code
  end
  return { events = #events, fired = fired + back }
end

return dispatch
