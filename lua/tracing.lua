-- What firings did and wait for, for people: `rules trace`, `rules trace RULE`, `rules trace FIRING`.
--   tracing.show(ctx, { "trace", "hydrate" })    --> exit code | nil, message, code
-- A firing is named by its rule and key, "hydrate|1f3c"; then each step is shown with what it was given, what
-- it gave and when, and each action with how its delivery stands.
local firing = require("firing")
local home = require("home")
local schema = require("schema")
local term = require("term")

local json = sw.json
local tracing = {}

local MOST, PARTS = 1000, 30 -- firings of a list, and of a question; so many questions until a list is full

local function clock(ctx, ms)
  return ms and sw.time.iso(ms // 1000 * 1000, home.offset(ctx, ms)) or nil
end

-- What a trigger waits for, in few words.
local function trigger_text(t)
  if type(t) ~= "table" then
    return "something"
  elseif t.kind == "any" then
    return "any of " .. #(t.of or {})
  end
  return tostring(t.event or t.metric and t.kind .. " " .. t.metric or t.path or t.kind)
end

local function wait_text(ctx, body)
  local wait, step = body.wait, body.wait and body.steps[body.wait.n]
  if body.state == "queued" then
    return "waiting for its turn"
  elseif not step then
    return nil
  elseif step.action == "wait_for" then
    return ("waiting for %s until %s"):format(trigger_text(step.args.trigger), clock(ctx, wait.due))
  elseif step.action == "sleep" then
    return "waiting until " .. clock(ctx, wait.due)
  end
  return ("waiting for the answer of %s (%s)"):format(tostring(step.args.url), wait.state)
end

-- done, failed, stopped, waiting, running: of a firing that never waited, by its actions.
local function state_of(f)
  local state = "done"
  if f.state and f.state ~= "done" then
    return f.state
  end
  for _, a in ipairs(f.actions) do
    if a.state:find("^failed") or a.state:find("^outcome unknown") then
      return "failed"
    end
    state = (a.state == "planned" or a.state == "sending") and "running" or state
  end
  return state
end

local function public_step(ctx, f, s)
  local r = s.result or {}
  local a = s.n and f.actions[s.n]
  return { action = s.action, occurrence = s.occurrence, hash = s.hash, at = clock(ctx, s.at),
    args = a and a.args or s.args, state = a and a.state or nil, ended = clock(ctx, r.at),
    event = r.event and firing.public_event(r.event) or nil, status = r.status,
    problem = r.problem or r.error }
end

-- with_steps: also what its steps say
local function public(ctx, doc, with_steps)
  local f = firing.listed(doc.body)
  f.firing, f.state = doc.name, state_of(f)
  local steps = (with_steps or f.state == "waiting" or f.state == "queued")
    and sw.store.doc(ctx.who, "steps", doc.name)
  if steps then
    f.waits = (f.state == "waiting" or f.state == "queued") and wait_text(ctx, steps.body) or nil
    f.source, f.steps = steps.body.source:sub(1, 16), json.list()
    for i, s in ipairs(with_steps and steps.body.steps or {}) do
      f.steps[i] = public_step(ctx, f, s)
    end
  end
  return f
end

local function words_of(args)
  local list = {}
  for _, name in ipairs(schema.keys(args or {})) do
    local v = args[name]
    list[#list + 1] = name .. " = " .. (type(v) == "table" and json.encode(v) or tostring(v))
  end
  return sw.sys.clean(table.concat(list, ", ")):sub(1, 200)
end

local function outcome_of(s)
  if s.state then
    return s.state
  elseif s.problem then
    return s.problem
  elseif s.status then
    return "answered " .. s.status
  elseif s.event then
    return "came: " .. tostring(s.event.kind) .. " " .. tostring(s.event.id)
  end
  return s.ended and (s.action == "wait_for" and "nothing came until " or "over at ") .. s.ended or ""
end

local function show_one(ctx, doc)
  local f = public(ctx, doc, true)
  if ctx.json then
    term.line("%s", json.encode(f))
    return 0
  end
  term.line("%s\n%s, %s%s", sw.sys.clean(f.firing), f.at, f.waits or f.state,
    f.why and ": " .. sw.sys.clean(f.why, true) or "")
  local steps, told = f.steps or {}, #(f.steps or {}) > 0
  for i, a in ipairs(told and {} or f.actions) do
    steps[i] = { action = a.action, args = a.args, state = a.state, at = f.at }
  end
  for i, s in ipairs(steps) do
    term.line("%3d  %s  %s { %s }  %s", i, s.at, sw.sys.clean(s.action), words_of(s.args),
      sw.sys.clean(outcome_of(s)))
  end
  for _, line in ipairs(f.log) do
    term.line("     log: %s", sw.sys.clean(line))
  end
  return 0
end

local function row_of(f)
  local a = f.actions[#f.actions]
  return { f.at:sub(1, 16):gsub("T", " "), f.firing, f.event.type or f.event.kind or "", f.waits or f.state,
    a and a.action .. ": " .. a.state or "" }
end

-- A rule that looks every half hour and finds nothing to say fires all the same. What is forgotten may have
-- said something.
local function did_nothing(body)
  return (body.state or "done") == "done" and not body.forgotten and #body.actions + #body.log == 0
end

local function show_list(ctx, list, idle)
  if ctx.json then
    term.line("%s", json.encode(json.list(list)))
    return 0
  elseif #list + idle == 0 then
    term.line("nothing has fired yet")
    return 0
  end
  local rows = {}
  for i, f in ipairs(list) do
    rows[i] = row_of(f)
  end
  if #rows > 0 then
    term.table({ "when", "firing", "event", "state", "last action" }, rows)
  end
  if idle > 0 then
    term.line("%s%d fired and did nothing: --all shows them, too", #rows > 0 and "\n" or "", idle)
  end
  return 0
end

-- Puts the firings of one question into the list; how many of them did nothing and were left out.
local function gather(ctx, list, seen, docs, everything)
  local idle = 0
  for _, d in ipairs(docs) do
    if not seen[d.name] and #list < MOST then
      seen[d.name] = true
      local is_idle = not everything and did_nothing(firing.listed(d.body))
      list[#list + 1] = not is_idle and public(ctx, d) or nil
      idle = idle + (is_idle and 1 or 0)
    end
  end
  return idle
end

-- The newest firings, of one rule where one is named, and how many were left out that did nothing: what did
-- something is looked for behind them.
local function newest_of(ctx, rule, everything)
  local list, seen, idle, to = {}, {}, 0, nil
  for _ = 1, PARTS do
    local docs, message, code = sw.store.docs(ctx.who, "firing", { newest = true, limit = MOST, to = to,
      prefix = rule and rule .. "|" })
    if not docs then
      return nil, message, code
    end
    idle = idle + gather(ctx, list, seen, docs, everything)
    if #docs < MOST or #list == MOST then
      break
    end
    to = docs[#docs].at + 1 -- others of that instant may follow
  end
  return list, idle
end

function tracing.show(ctx, words, options)
  local word = words[2]
  local one_wanted = word and word:find("|", 1, true)
  local one = one_wanted and sw.store.doc(ctx.who, "firing", word)
  if one then
    return show_one(ctx, one)
  end
  local rule = word and word:match("^[^|]*")
  local list, idle, code = newest_of(ctx, rule, rule or options.all or ctx.json)
  if not list then
    return nil, idle, code
  end
  local known, message = true, nil
  if rule and #list == 0 then -- of a rule that is gone its firings are left
    known, message, code = require("rules").find(ctx, rule)
  end
  if not known then
    return nil, message, code
  elseif one_wanted then
    return nil, ("there is no firing '%s'; `syncwell rules trace %s` lists those there are"):format(
      sw.sys.clean(word), sw.sys.clean(rule)), "usage"
  end
  return show_list(ctx, list, idle)
end

return tracing
