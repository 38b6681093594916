-- Triggers of rules on the trusted side: which there are, who listens to what, when the next one is due.
--   triggers.listens(rule, "workout.created")   triggers.next_instant(ctx, rule, after_ms)
--   triggers.unsupported(ctx, declaration) --> nil, or why this version cannot run it; its types are right
--   triggers.problems(ctx, declaration)    --> all of that, in a list: for `lint`
local actions = require("actions")
local fields = require("box.fields")
local data = require("data")
local filters = require("filters")
local gates = require("gates")
local rule_shape = require("rule_shape")
local schedule = require("schedule")
local schema = require("schema")
local watch = require("watch")

local triggers = {}

local scheduled = { cron = true, at = true, every = true }

local function grants_now()
  local set = actions.grants()
  set.notify, set["mqtt:publish"] = true, true
  return set
end

-- Triggers of a declaration as a flat list.
local function triggers_of(d)
  return d.on.kind == "any" and (d.on.of or d.on.triggers or d.on) or { d.on }
end

local others = { "sync.finished", "sync.failed", "connection.needs_user", "backfill.finished",
  "backup.failed", "job.failed", "rule.fired" } -- the last: nothing but another rule or a button fires it
local known_kind = {}
for _, kind in ipairs(fields.record_kinds) do
  known_kind[kind] = true
end

-- The events there are; a rule on any other would wait for ever.
local function known_event(name)
  local all = {}
  for _, other in ipairs(others) do
    all[#all + 1] = other
    if other == name then
      return true
    end
  end
  for _, kind in ipairs(fields.record_kinds) do
    for _, what in ipairs { "created", "updated", "retracted" } do
      all[#all + 1] = kind .. "." .. what
      if all[#all] == name then
        return true
      end
    end
  end
  return nil, ("there is no event '%s'%s"):format(tostring(name), schema.did_you_mean(tostring(name), all))
end

-- Why a trigger on no data cannot be listened to, nil when it can.
local function problem_of(ctx, t)
  if t.kind == "event" then
    local known, why = known_event(t.event or t[1])
    return not known and why or nil
  elseif t.kind == "webhook" then
    local name = tostring(t.path or t[1])
    if not name:find("^[%w_%-]+$") or #name > 40 then
      return ("'%s' is no name for a webhook: letters, digits, _ and -"):format(name:sub(1, 60))
    end
  elseif not scheduled[t.kind] then
    return ("there is no trigger '%s'"):format(tostring(t.kind))
  else
    local ms, why = schedule.next(ctx, t, sw.time.now())
    return not ms and why or nil
  end
end

-- All that keeps a trigger from being listened to.
function triggers.problems_of(ctx, t)
  local found = watch.kinds[t.kind] and watch.problems(t) or { problem_of(ctx, t) }
  found[#found + 1] = filters.problem(t)
  return found
end

function triggers.problem(ctx, t)
  return triggers.problems_of(ctx, t)[1]
end

function triggers.scheduled(t)
  return scheduled[t.kind] or false
end

-- What it reads is named as it is, or it would be told nothing when it asks.
local function add_reads_problems(found, d)
  local known = schema.keys(data.metrics())
  table.move(fields.record_kinds, 1, #fields.record_kinds, #known + 1, known)
  for _, name in ipairs(d.reads or {}) do
    if not data.metric(name) and not known_kind[name] then
      found[#found + 1] = ("reads: there is no metric or kind of record '%s'%s"):format(name,
        schema.did_you_mean(name, known))
    end
  end
end

local function add_grant_problems(found, d)
  local known = grants_now()
  for _, grant in ipairs(d.uses or {}) do
    if grant == "http" then
      found[#found + 1] = "'http' names no host: write uses = { \"http:api.example.com\" }"
    elseif not known[grant] and not grant:find("^http:") then
      found[#found + 1] = ("'%s' is a grant of a later version; this one has %s, http:HOST"):format(grant,
        table.concat(schema.keys(known), ", "))
    end
  end
end

-- All that keeps this version from running a rule whose types are right.
local function unsupported(ctx, d)
  local found = {}
  if #triggers_of(d) == 0 then
    found[1] = "sw.any is empty: it takes triggers, such as "
      .. 'sw.any { sw.goal "steps", sw.cron "0 7 * * *" }'
  end
  for _, t in ipairs(triggers_of(d)) do
    local wrong = triggers.problems_of(ctx, t)
    table.move(wrong, 1, #wrong, #found + 1, found)
  end
  found[#found + 1] = gates.problem(d)
  add_reads_problems(found, d)
  add_grant_problems(found, d)
  return found
end

function triggers.unsupported(ctx, d)
  return unsupported(ctx, d)[1]
end

-- The same of what may be of any type: of what is mistyped nothing more is asked.
function triggers.problems(ctx, d)
  local found = rule_shape.problems(d)
  return #found > 0 and found or unsupported(ctx, d)
end

-- What the author may have meant instead, for `lint`: data may come that has these very words.
function triggers.slips(ctx, d)
  local found = {}
  for _, t in ipairs(triggers_of(d)) do
    local slips = filters.slips(ctx, t)
    table.move(slips, 1, #slips, #found + 1, found)
  end
  return found
end

triggers.passes = filters.passes

-- A created-trigger with a filter also looks at updates, since what it waits for may join later; the key
-- keeps it to once.
local function hears(t, kind)
  if t.kind == "event" then
    local wanted = t.event or t[1]
    return wanted == kind or wanted == kind:gsub("%.updated$", ".created")
      and (t.provider or t.maker or t.sport) ~= nil
  elseif t.kind == "webhook" then
    return kind == "webhook." .. (t.path or t[1])
  end
  return watch.kinds[t.kind] and kind == "series" or false
end

-- Does a trigger of the rule listen to this kind?
function triggers.listens(rule, kind)
  for _, t in ipairs(triggers_of(rule.declaration)) do
    if hears(t, kind) then
      return true
    end
  end
  return false
end

-- The box judges the filters of a rule's one trigger; of sw.any, each trigger has its own, judged here.
function triggers.judged_here(rule)
  return rule.declaration.on.kind == "any"
end

function triggers.concerns(rule, kind, view)
  for _, t in ipairs(triggers.judged_here(rule) and triggers_of(rule.declaration) or {}) do
    if hears(t, kind) and triggers.passes(t, view) then
      return true
    end
  end
  return not triggers.judged_here(rule)
end

-- Does the rule take back what it did when an event of this kind is retracted, or corrected?
function triggers.takes_back(rule, kind)
  local record = kind:match("^(%l+)%.retracted$") or kind:match("^(%l+)%.updated$")
  return record and rule.declaration.on_retract and triggers.listens(rule, record .. ".created") or false
end

-- The webhook trigger of this name among the rules' declarations; nil when none listens.
function triggers.webhook(all, name)
  for _, rule in ipairs(all) do
    for _, t in ipairs(rule.live and triggers_of(rule.declaration) or {}) do
      if t.kind == "webhook" and (t.path or t[1]) == name then
        return t
      end
    end
  end
end

-- Triggers on data, which watch.lua looks at.
function triggers.watched(rule)
  local list = {}
  for _, t in ipairs(rule.declaration and triggers_of(rule.declaration) or {}) do
    list[#list + 1] = watch.kinds[t.kind] and t or nil
  end
  return list
end

function triggers.schedules(rule)
  local list = {}
  for _, t in ipairs(rule.declaration and triggers_of(rule.declaration) or {}) do
    if scheduled[t.kind] then
      list[#list + 1] = t
    end
  end
  return list
end

function triggers.next_instant(ctx, rule, after)
  local soonest
  for _, t in ipairs(triggers.schedules(rule)) do
    local ms = schedule.next(ctx, t, after)
    soonest = ms and math.min(soonest or ms, ms) or soonest
  end
  return soonest
end

return triggers
