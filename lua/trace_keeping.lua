-- How long traces are kept, by interest: what a firing did and its steps for trace_days of config.lua's
-- retention (90), four times as long when it failed or was stopped, always while it waits; of one rule at
-- most the newest thousand. The firing itself stays: its key is what keeps the rule from firing again. Only
-- one that a clock fired and that did nothing goes whole: a rule that looks every half hour leaves 17,520 a
-- year, and no clock goes back as far.
--   trace_keeping.any(ctx)      is there something to forget?
--   trace_keeping.prune(ctx)    --> how many firings lost their details | nil, message, code
local firing = require("firing")
local home = require("home")
local sources = require("sources")

local json = sw.json
local trace_keeping = {}

local DAYS, DAY_MS, LONGER, OF_RULE, PART = 90, 86400000, 4, 1000, 200

local function span_ms(ctx)
  return math.floor(((ctx.config and ctx.config.retention or {}).trace_days or DAYS) * DAY_MS)
end

-- Up to where firings were looked through, so that old ones are not read each day: the usual, and those that
-- ended badly.
local function marks(ctx)
  local doc = sw.store.doc(ctx.who, ".trace", "kept")
  return doc and doc.body or {}
end

local function is_final(f)
  for _, a in ipairs(f.actions) do
    if a.state == "planned" or a.state == "sending" then
      return false
    end
  end
  return f.state == nil or f.state == "done" or f.state == "failed" or f.state == "stopped"
end

local function ended_badly(f)
  for _, a in ipairs(f.actions) do
    if a.state:find("^failed") or a.state:find("^outcome unknown") then
      return true
    end
  end
  return f.state == "failed" or f.state == "stopped"
end

-- Which firings are looked at now: { from, to } of each kind.
local function spans(ctx)
  local m, now, span = marks(ctx), sw.time.now(), span_ms(ctx)
  return { from = m.usual, to = now - span }, { from = m.badly, to = now - span * LONGER }
end

local function did_nothing(f)
  return f.event.kind == "schedule" and #f.actions == 0 and not f.acted
    and (f.state == nil or f.state == "done")
end

local function add(list, docs, fits)
  for _, doc in ipairs(docs or {}) do
    local f = firing.listed(doc.body)
    if is_final(f) and fits(f) then
      list[#list + 1] = doc
    end
  end
end

-- Firings whose details are no longer kept.
local function old_ones(ctx)
  local usual, badly = spans(ctx)
  local list, of_rule = {}, {}
  add(list, sw.store.docs(ctx.who, "firing", usual), function(f)
    f.empty = did_nothing(f)
    return f.empty or not f.forgotten and not ended_badly(f)
  end)
  add(list, sw.store.docs(ctx.who, "firing", badly), function(f)
    return not f.forgotten and ended_badly(f)
  end)
  add(list, sw.store.docs(ctx.who, "firing", { from = usual.to, newest = true }), function(f)
    of_rule[f.rule] = (of_rule[f.rule] or 0) + 1
    return not f.forgotten and of_rule[f.rule] > OF_RULE
  end)
  return list
end

function trace_keeping.any(ctx)
  local usual, badly = spans(ctx)
  usual.limit, badly.limit = 1, 1
  return #(sw.store.docs(ctx.who, "firing", usual) or {}) > 0
    or #(sw.store.docs(ctx.who, "firing", badly) or {}) > 0 or #sources.unused(ctx) > 0
end

local function forget(t, doc)
  local f = doc.body
  if f.empty then
    t:doc_delete("firing", doc.name)
  else
    f.acted = #f.actions > 0 or nil
    f.actions, f.log, f.forgotten = json.list(), json.list(), true
    t:doc("firing", doc.name, json.encode(f), { revision = doc.revision, at = doc.at })
  end
  t:doc_delete("steps", doc.name)
end

local function remember(ctx)
  local usual, badly = spans(ctx)
  local t = home.txn(ctx)
  t:doc(".trace", "kept", json.encode { usual = usual.to, badly = badly.to })
  return t:commit()
end

function trace_keeping.prune(ctx)
  local list = old_ones(ctx)
  for first = 1, #list, PART do
    local t = home.txn(ctx)
    for i = first, math.min(first + PART - 1, #list) do
      forget(t, list[i])
    end
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
  end
  local ok, message, code = sources.prune(ctx)
  if ok then
    ok, message, code = remember(ctx)
  end
  if not ok then
    return nil, message, code
  end
  return #list
end

return trace_keeping
