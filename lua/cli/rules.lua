-- syncwell rules: what fires when, what would have fired, and why not.
--   syncwell rules list   |   rules install hydrate --set min=45min   |   rules backtest hydrate --since 1y
local home = require("home")
local post = require("post")
local replay = require("replay")
local rules = require("rules")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  group = "rules", summary = "rules: list, install, backtest, why, trace", mutates = true,
  usage = "list | install RULE [--set KEY=VALUE] | enable RULE | disable RULE | backtest RULE... "
    .. "[--since 1y] | why RULE [--event ID] | trace [RULE] | webhook NAME | reload",
  example = "syncwell rules list\nsyncwell rules install hydrate --set min=45min\nsyncwell rules "
    .. "backtest hydrate --since 1y\nsyncwell rules why hydrate",
  options = {
    set = { value = "KEY=VALUE", list = true, doc = "a parameter of the rule (install)" },
    since = { value = "SPAN", doc = "how far back: 30d, 1y, or a day (backtest; default 1y)" },
    ["until"] = { value = "DAY", doc = "the last day (backtest; default today)" },
    event = { value = "ID", doc = "the record or group to ask about (why)" },
    all = { doc = "the whole catalogue (list)" },
  },
}

local sub = {}

-- The address and key with which something outside fires rules on sw.webhook "NAME".
function sub.webhook(ctx, words)
  local name = words[2]
  if not name or not name:find("^[%w_%-]+$") then
    return nil, "which one? the name in the rule's sw.webhook \"NAME\"", "usage"
  end
  local secrets, message, code = post.trigger(ctx)
  if not secrets then
    return nil, message, code
  end
  local base = (ctx.config.public_url or "http://127.0.0.1:8787"):gsub("/+$", "")
  local address = ("%s/trigger/%s/%s"):format(base, secrets.path, name)
  if ctx.json then
    sw.sys.out(json.encode { address = address, key = secrets.key } .. "\n")
  else
    sw.sys.out(("POST JSON to   %s\nsigned with    %s\n"):format(address, secrets.key))
    term.line("header         X-SyncWell-Signature: t=SECONDS,v1=HEX\n"
      .. "               HEX is HMAC-SHA256(key, SECONDS .. \".\" .. body); older than 5 minutes is refused")
  end
  return 0
end

local function trigger_text(d)
  local t = d.on
  local spec = t.event or t.spec or t.metric or t[1]
  return (t.kind or "?") .. (spec and " " .. tostring(spec) or "")
    .. (t.provider and ", provider " .. t.provider or "")
end

local function state_text(r)
  if r.error then
    return "broken"
  elseif r.shipped and not r.installed then
    return "not installed"
  end
  return r.enabled and "on" or "off"
end

function sub.list(ctx, _, options)
  local all, message, code = rules.load(ctx, options.all or ctx.json)
  if not all then
    return nil, message, code
  end
  if #all == 0 then
    all = rules.load(ctx, true) or {}
  end
  local rows, public = {}, {}
  for i, r in ipairs(all) do
    local d = r.declaration or {}
    rows[i] = { r.name, state_text(r), d.on and trigger_text(d) or "", d.title or "" }
    public[i] = { name = r.name, title = d.title, state = state_text(r), shipped = r.shipped or false,
      trigger = d.on and trigger_text(d),
      uses = json.list(d.uses or {}), params = r.params, error = r.error }
  end
  if ctx.json then
    term.line("%s", json.encode(json.list(public)))
    return 0
  end
  term.table({ "rule", "state", "trigger", "title" }, rows)
  for _, r in ipairs(all) do
    if r.error then
      term.line("\n%s", sw.sys.clean(r.error, true))
    end
  end
  return 0
end

local grants = { ["calendar:write"] = "write calendar entries", notify = "send you notifications" }

local function may_do(d)
  local words = {}
  for i, g in ipairs(d.uses or {}) do
    words[i] = grants[g] or g
  end
  return #words > 0 and table.concat(words, ", ") or "only read"
end

local function parse_sets(r, list)
  local params = {}
  for k, v in pairs(r.params) do
    params[k] = v
  end
  for _, item in ipairs(list or {}) do
    local key, value = item:match("^([%w_]+)=(.*)$")
    local p = key and (r.declaration.params or {})[key]
    if not p then
      return nil, ("rule '%s' has no parameter '%s'"):format(r.name, key or item)
    end
    if p.kind == "number" then
      value = tonumber(value)
    elseif p.kind == "bool" then
      value = value == "true" or value == "yes"
    end
    params[key] = value
  end
  return params
end

local function save(ctx, r, change)
  local doc = sw.store.doc(ctx.who, "rule", r.name)
  local body = doc and doc.body or {}
  for k, v in pairs(change) do
    body[k] = v
  end
  local t = home.txn(ctx)
  t:doc("rule", r.name, json.encode(body))
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return true
end

-- A parameter the rule refuses is refused now, not at the next event.
local function try_params(ctx, r, params)
  local old = r.params
  r.params = params
  local results = rules.evaluate(ctx, r, { { event = { kind = "note", id = "try" }, at = sw.time.now() } },
    "when")
  r.params = old
  local e = results and not results[1].ok and results[1].error
  local text = e and (e.message or e.text) or ""
  return not text:find("parameter '", 1, true), text
end

function sub.install(ctx, words, options)
  local r, message, code = rules.find(ctx, words[2])
  if not r then
    return nil, message, code
  elseif r.error then
    return nil, r.error, "bad"
  end
  local params, why = parse_sets(r, options.set)
  if not params then
    return nil, why, "usage"
  end
  local fine, problem = try_params(ctx, r, params)
  if not fine then
    return nil, problem, "usage"
  end
  local ok
  ok, message, code = save(ctx, r, { installed = true, enabled = true, params = params })
  if not ok then
    return nil, message, code
  end
  r.live, r.enabled, r.params = true, true, params
  rules.plan(ctx, { r }, sw.time.now())
  if ctx.json then
    term.line("%s", json.encode { installed = r.name, params = params })
  else
    local title = sw.sys.clean(r.declaration.title or "")
    term.line("%s is on: %s\nit may: %s", r.name, title, may_do(r.declaration))
  end
  return 0
end

local function switch(on)
  return function(ctx, words)
    local r, message, code = rules.find(ctx, words[2])
    if not r then
      return nil, message, code
    elseif on and r.shipped and not r.installed then
      return nil, ("'%s' is not installed; use: syncwell rules install %s"):format(r.name, r.name), "usage"
    end
    local ok
    ok, message, code = save(ctx, r, { enabled = on })
    if not ok then
      return nil, message, code
    end
    if on and not r.error then
      r.live = true
      rules.plan(ctx, { r }, sw.time.now())
    end
    term.line(ctx.json and json.encode { name = r.name, enabled = on }
      or ("%s is %s"):format(r.name, on and "on" or "off"))
    return 0
  end
end

sub.enable, sub.disable = switch(true), switch(false)

-- --- backtest ---

local function span(ctx, options)
  local since = options.since or "1y"
  local first = when.span(ctx, since)
  if not first then
    return nil, ("--since: '%s' is not a span like 1y or a day"):format(since), "usage"
  end
  local last = options["until"] and select(2, when.span(ctx, options["until"]))
    or home.day(ctx, sw.time.now())
  return first, last
end

local function action_text(ctx, f)
  local a = f.actions[1]
  if not a then
    return ""
  end
  local at = a.args.at and sw.time.iso(a.args.at // 1000 * 1000, home.offset(ctx, a.args.at))
  return (a.args.title or a.args.text or a.action) .. (at and " at " .. at:sub(12, 16) or "")
end

function sub.backtest(ctx, words, options)
  if not words[2] then
    return nil, "backtest needs the name of a rule", "usage"
  end
  local first, last, kind = span(ctx, options)
  if not first then
    return nil, last, kind
  end
  local firings, errors, judged = {}, {}, 0
  for i = 2, #words do
    local rule, message, code = rules.find(ctx, words[i])
    if not rule then
      return nil, message, code
    elseif rule.error then
      return nil, rule.error, "bad"
    end
    local events
    events, message, code = replay.history(ctx, rule, first, last)
    if not events then
      return nil, message, code
    end
    judged = judged + #events
    local list, errs = replay.run(ctx, rule, events)
    if not list then
      return nil, errs
    end
    table.move(list, 1, #list, #firings + 1, firings)
    table.move(errs, 1, #errs, #errors + 1, errors)
  end
  if ctx.json then
    term.line("%s", json.encode(json.list(firings)))
  else
    term.line("%d event%s from %s to %s, would have fired %d time%s", judged, judged == 1 and "" or "s",
      sw.time.day_text(first),
      sw.time.day_text(last), #firings, #firings == 1 and "" or "s")
    local rows = {}
    for i, f in ipairs(firings) do
      rows[i] = { f.at:sub(1, 16):gsub("T", " "), f.rule, f.event.type or f.event.kind, action_text(ctx, f) }
    end
    if #rows > 0 then
      term.table({ "when", "rule", "event", "what" }, rows)
    end
  end
  if errors[1] then
    term.error(("%d run%s failed; the first: %s"):format(#errors, #errors == 1 and "" or "s", errors[1]))
    return 4
  end
  return 0
end

-- --- why and trace ---

local function newest_events(ctx, rule, id)
  local today = home.day(ctx, sw.time.now())
  local events, message, code = replay.history(ctx, rule, sw.time.day(1900, 1, 1), today)
  if #rules.schedules(rule) > 0 then
    events, message, code = replay.history(ctx, rule, today - 31, today)
  end
  if not events then
    return nil, message, code
  end
  local list = {}
  for i = #events, 1, -1 do
    local e = events[i]
    if (not id or e.event.id == id or e.event.group == id) and #list < (id and 1 or 5) then
      list[#list + 1] = e
    end
  end
  return list
end

local function known_firing(ctx, rule, key)
  local doc = sw.store.doc(ctx.who, "firing", rule.name .. "|" .. key)
  return doc and doc.body
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
    .. state_text(rule)
end

function sub.why(ctx, words, options)
  local rule, message, code = rules.find(ctx, words[2])
  if not rule then
    return nil, message, code
  elseif rule.error then
    return nil, rule.error, "bad"
  end
  local events
  events, message, code = newest_events(ctx, rule, options.event)
  if not events then
    return nil, message, code
  elseif #events == 0 then
    return nil, options.event and ("no event with the id '%s'"):format(options.event)
      or "there is no event this rule listens to yet", "notfound"
  end
  local results
  results, message, code = rules.evaluate(ctx, rule, events, "why")
  if not results then
    return nil, message, code
  end
  local public = {}
  for i, r in ipairs(results) do
    local e = events[i]
    local gates = r.ok and r.out.gates or {}
    public[i] = { rule = rule.name, event = rules.public_event(e.event), gates = json.list(gates),
      verdict = verdict(ctx, rule, r) }
    if not ctx.json then
      term.line("%s %s %s: %s", sw.time.iso(e.at, home.offset(ctx, e.at)), e.event.type or e.event.kind,
        e.event.id, public[i].verdict)
      for _, g in ipairs(gates) do
        term.line("    %s %s: %s", g.ok and term.paint("green", "yes") or term.paint("red", "no "), g.gate,
          g.text)
      end
    end
  end
  if ctx.json then
    term.line("%s", json.encode(json.list(public)))
  end
  return 0
end

function sub.trace(ctx, words)
  local docs, message, code = sw.store.docs(ctx.who, "firing", { newest = true, limit = 1000 })
  if not docs then
    return nil, message, code
  end
  local list = {}
  for _, d in ipairs(docs) do
    if not words[2] or d.body.rule == words[2] then
      d.body.actions, d.body.log = json.list(d.body.actions), json.list(d.body.log)
      list[#list + 1] = d.body
    end
  end
  if ctx.json then
    term.line("%s", json.encode(json.list(list)))
    return 0
  end
  local rows = {}
  for i, f in ipairs(list) do
    local a = f.actions[1]
    rows[i] = { f.at:sub(1, 16):gsub("T", " "), f.rule, f.event.type or f.event.kind, a and a.action or "", a
      and a.state or "" }
  end
  if #rows == 0 then
    term.line("nothing has fired yet")
  else
    term.table({ "when", "rule", "event", "action", "state" }, rows)
  end
  return 0
end

function sub.reload(ctx)
  local all, message, code = rules.load(ctx)
  if not all then
    return nil, message, code
  end
  local broken = 0
  for _, r in ipairs(all) do
    if r.error then
      broken = broken + 1
      term.error(r.error)
    end
  end
  local ok
  ok, message, code = rules.plan(ctx, all, sw.time.now())
  if not ok then
    return nil, message, code
  end
  term.line("%d rule%s, %d broken; a running syncwell notices changed files by itself", #all, #all == 1
    and "" or "s", broken)
  return broken > 0 and 4 or 0
end

function command.run(ctx, words, options)
  local name = words[1] or "list"
  if not sub[name] then
    return nil, ("rules has no '%s'%s"):format(name, require("schema").did_you_mean(name,
      require("schema").keys(sub))), "usage"
  end
  return sub[name](ctx, words, options)
end

return command
