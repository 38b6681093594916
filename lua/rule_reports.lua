-- What rules did and would do, for people: why, fire, top. What they would have done: rule_past.lua.
--   reports.why(ctx, { "why", "hydrate" }, { event = "1f3c" })   --> exit code | nil, message, code
local grouping = require("grouping")
local home = require("home")
local replay = require("replay")
local rules = require("rules")
local schema = require("schema")
local steps = require("steps")
local tally = require("tally")
local term = require("term")

local json = sw.json
local reports = {}

function reports.state(r)
  if r.asks then
    return "asks"
  elseif r.error then
    return "broken"
  elseif r.shipped and not r.installed then
    return "not installed"
  end
  return r.paused and "paused" or not r.enabled and "off" or r.held and "held" or "on"
end

-- --- why and trace ---

-- How far back the newest events are looked for, in days: further only where there are not enough.
local BACK = { 31, 400, 4000 }

local function newest_of(events, id, most, from)
  local list = {}
  for i = #events, 1, -1 do
    local e = events[i]
    if #list < most and e.at >= from and (not id or e.event.id == id or e.event.group == id) then
      list[#list + 1] = e
    end
  end
  return list
end

-- What begins just before a span may belong to an event within it, so its first days do not count.
local function newest_events(ctx, rule, id, all)
  id = id and grouping.resolve(ctx, id)
  local today, most, ever = home.day(ctx, sw.time.now()), id and 1 or 5, sw.time.day(1900, 1, 1)
  local is_planned = #rules.schedules(rule) > 0
  for i = 1, is_planned and 1 or #BACK + 1 do
    local first = BACK[i] and today - BACK[i] or ever
    local events, message, code = replay.history(ctx, rule, first, today, all)
    if not events then
      return nil, message, code
    end
    local is_last = is_planned or first == ever
    local from = is_last and math.mininteger or sw.time.day_start(ctx.zone, first + 5)
    local list = newest_of(events, id, most, from)
    if #list == most or is_last then
      return list
    end
  end
end

local function known_firing(ctx, rule, key)
  for _, name in ipairs(grouping.names(ctx, key)) do
    local doc = sw.store.doc(ctx.who, "firing", rule.name .. "|" .. name)
    if doc then
      return doc.body
    end
  end
end

local function verdict(ctx, rule, r)
  local f = r.ok and known_firing(ctx, rule, r.out.key)
  if f then
    return "fired on " .. f.at
  elseif not r.ok then
    return r.error and (r.error.text or r.error.message) or "stopped"
  elseif not r.out.fired then
    return "does not fire"
  end
  return rule.live and "would fire; it has not seen this event live" or "would fire, but the rule is "
    .. reports.state(rule)
end

-- The events to ask about, the newest first; nil and a sentence where there is none.
local function events_for_why(ctx, rule, id)
  local events, message, code = newest_events(ctx, rule, id, true)
  if not events then
    return nil, message, code
  elseif #events == 0 then
    return nil, id and ("no event with the id '%s'"):format(id)
      or "there is no event this rule listens to yet", "notfound"
  end
  return events
end

-- What is said of one event: its gates and what came of them.
local function explained(ctx, rule, e, r)
  if e.fits_none and r.ok then
    r.out.fired = false
    table.insert(r.out.gates, 1, { gate = "trigger", ok = false, text = "it fits none of sw.any" })
  end
  return { rule = rule.name, event = rules.public_event(e.event),
    gates = json.list(r.ok and r.out.gates or {}), verdict = verdict(ctx, rule, r) }
end

local function print_explained(ctx, e, said)
  term.line("%s %s %s: %s", sw.time.iso(e.at, home.offset(ctx, e.at)), e.event.type or e.event.kind,
    e.event.id, said.verdict)
  for _, g in ipairs(said.gates) do
    term.line("    %s %s: %s", g.ok and term.paint("green", "yes") or term.paint("red", "no "), g.gate,
      g.text)
  end
end

function reports.why(ctx, words, options)
  local rule, message, code = rules.find(ctx, words[2])
  if not rule then
    return nil, message, code
  elseif rule.error then
    return nil, rule.error, "bad"
  end
  local events, results
  events, message, code = events_for_why(ctx, rule, options.event)
  if events then
    results, message, code = rules.evaluate(ctx, rule, events, "why")
  end
  if not results then
    return nil, message, code
  end
  local public = json.list()
  for i, r in ipairs(results) do
    public[i] = explained(ctx, rule, events[i], r)
    if not ctx.json then
      print_explained(ctx, events[i], public[i])
    end
  end
  if ctx.json then
    term.line("%s", json.encode(public))
  end
  return 0
end

local function print_fire(ctx, rule, e, out, state)
  if ctx.json then
    term.line("%s", json.encode { rule = rule.name, event = rules.public_event(e.event), outcome = state,
      gates = json.list(out.gates or {}), actions = json.list(out.actions or {}) })
    return
  end
  term.line("%s %s: %s", e.event.type or e.event.kind, e.event.id, state)
  for _, g in ipairs(out.gates or {}) do
    term.line("    %s %s: %s", g.ok and term.paint("green", "yes") or term.paint("red", "no "), g.gate,
      g.text)
  end
  for _, a in ipairs(out.fired and out.actions or {}) do
    local words = {}
    for _, name in ipairs(schema.keys(a.args)) do
      local v = a.args[name]
      v = name == "at" and sw.time.iso(v // 1000 * 1000, home.offset(ctx, v)) or v
      words[#words + 1] = name .. " = " .. (type(v) == "table" and json.encode(v) or tostring(v))
    end
    term.line("    %s { %s }", a.action, sw.sys.clean(table.concat(words, ", ")))
  end
end

local function newest_event(ctx, name, id)
  local rule, message, code = rules.find(ctx, name)
  if not rule then
    return nil, message, code
  elseif rule.error then
    return nil, rule.error, "bad"
  end
  local events
  events, message, code = newest_events(ctx, rule, id)
  if not events or not events[1] then
    return nil, message or "there is no event this rule listens to yet", code or "notfound"
  end
  return rule, events[1]
end

-- By hand: under a key of its own, so that it can be done again.
local function fire_really(ctx, rule, e, out)
  local suffix = (" by hand %s"):format(sw.time.iso(sw.time.now(), 0))
  if out.steps then -- it waits, or keeps something
    e.at = sw.time.now()
    local what, r, code = steps.begin(ctx, rule, e, nil, suffix)
    return what == "failed" and nil or what, what == "failed" and r.error.text or r,
      what == "failed" and "bad" or code
  end
  out.key = out.key .. suffix
  local doubt = rules.doubt(rule, out)
  if doubt then
    return nil, doubt, "bad"
  end
  e.at = sw.time.now()
  return rules.fire(ctx, rule, e, out)
end

-- What a rule would do with the newest event (or --event ID); with --really it does it.
function reports.fire(ctx, words, options)
  local rule, e, code = newest_event(ctx, words[2], options.event)
  if not rule then
    return nil, e, code
  end
  local results, message, kind = rules.evaluate(ctx, rule, { e }, options.really and "run" or "dry")
  local r = results and results[1]
  if not r then
    return nil, message, kind
  elseif not r.ok then
    return nil, r.error and (r.error.text or r.error.message) or "stopped", "bad"
  end
  local fires = r.out.fired or r.out.steps
  local state = fires and "would fire" or "does not fire"
  if fires and options.really then
    state, message, kind = fire_really(ctx, rule, e, r.out)
    if not state then
      return nil, message, kind
    end
  end
  if not fires then -- the gates in words, as `why` has them
    results = rules.evaluate(ctx, rule, { e }, "why")
    r.out.gates = results and results[1] and results[1].ok and results[1].out.gates or r.out.gates
  end
  print_fire(ctx, rule, e, r.out, state)
  return 0
end

local function micro(us)
  return us >= 10000 and ("%.1f ms"):format(us / 1000) or us >= 1000 and ("%.2f ms"):format(us / 1000)
    or ("%d us"):format(us)
end

-- What rules cost, the dearest first.
function reports.top(ctx)
  local list, rows = tally.all(ctx), {}
  for i, r in ipairs(list) do
    local doc = sw.store.doc(ctx.who, ".rule_error", r.name)
    local newest = doc and doc.body.errors and doc.body.errors[#doc.body.errors]
    r.last_error = newest and newest.text:match("^[^\n]*") or nil
    r.since = r.since and sw.time.iso(r.since // 1000 * 1000, home.offset(ctx, r.since))
    rows[i] = { r.name, term.number(r.runs), term.number(r.failed), micro(r.mean_us), micro(r.p95_us),
      micro(r.most_us), r.memory > 0 and term.bytes(r.memory) or "-", r.last_error or "" }
  end
  if ctx.json then
    term.line("%s", json.encode(json.list(list)))
  elseif #rows == 0 then
    term.line("no rule has run yet")
  else
    term.table({ "rule", "runs", "failed", "mean", "p95", "most", "memory", "last error" }, rows)
  end
  return 0
end

return reports
