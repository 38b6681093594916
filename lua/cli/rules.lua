-- syncwell rules: what fires when, what would have fired, and why not.
--   syncwell rules list   |   rules install hydrate --set min=45min   |   rules backtest hydrate --since 1y
local capabilities = require("capabilities")
local commands = require("commands")
local failing = require("failing")
local graph = require("rule_graph")
local holding = require("holding")
local params_schema = require("params_schema")
local installs = require("rule_installs")
local past = require("rule_past")
local post = require("post")
local reports = require("rule_reports")
local rules = require("rules")
local schema = require("schema")
local step_moves = require("step_moves")
local term = require("term")
local tracing = require("tracing")

local json = sw.json

local command = {
  group = "rules", summary = "what fires when, what would have fired, and why not", mutates = true,
  any_words = { pause = true },
  usage = "list [--all] | show RULE | install RULE [--set KEY=VALUE] | install PATH [--yes] "
    .. "| remove RULE | enable RULE | disable RULE | pause | resume [RULE] "
    .. "| backtest RULE... [--since 1y] [--until DAY] [--diff] [--calendar] "
    .. "| why RULE [--event ID] | fire RULE [--really] | trace [RULE or FIRING] "
    .. "| move FIRING | top | graph [--all] [--dot] | webhook NAME | reload",
  doc = "`list` shows yours, with --all the catalogue too. `backtest` says when a rule would have fired\n"
    .. "and what it would have said, `why` each gate of the last events with its value, `fire` what it\n"
    .. "would do now; none of them does anything, but for `fire --really`. `trace` is what fired, `top`\n"
    .. "what rules cost, `graph` which events wake which rules. `install` takes a rule of the catalogue,\n"
    .. "a file or a folder.",
  example = "syncwell rules list\nsyncwell rules install hydrate --set min=45min\nsyncwell rules "
    .. "backtest hydrate --since 1y\nsyncwell rules why hydrate",
  options = {
    yes = { doc = "accept what a package may do, unseen (install PATH)" },
    set = { value = "KEY=VALUE", list = true, doc = "a parameter of the rule (install)" },
    since = { value = "SPAN", doc = "how far back: 30d, 1y, or a day (backtest; default 1y)" },
    ["until"] = { value = "DAY", doc = "the last day (backtest; default today)" },
    event = { value = "ID", doc = "the record or group to ask about (why, fire)" },
    diff = { doc = "beside what the rule did before its last edit (backtest)" },
    calendar = { doc = "as a calendar file (backtest)" },
    dot = { doc = "as a Graphviz document (graph)" },
    really = { doc = "do what the rule says, not only show it (fire)" },
    all = { doc = "the whole catalogue (list, graph), firings that did nothing (trace)" },
  },
}

local verbs = {}

-- The address and key with which something outside fires rules on sw.webhook "NAME".
function verbs.webhook(ctx, words)
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
    .. (t.provider and ", provider " .. t.provider or "") .. (t.zone and ", " .. tostring(t.zone) or "")
end

function verbs.list(ctx, _, options)
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
    rows[i] = { r.name, reports.state(r), d.on and trigger_text(d) or "", d.title or "" }
    public[i] = { name = r.name, title = d.title, state = reports.state(r), shipped = r.shipped or false,
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
  for _, text in ipairs(rules.strays(ctx.home)) do
    term.line("\n%s", sw.sys.clean(text))
  end
  return 0
end

local function public_rule(r)
  local d = r.declaration or {}
  return { name = r.name, title = d.title, doc = d.doc, state = reports.state(r), script = r.script,
    from = r.shipped and "shipped" or r.from or "own", trigger = d.on and trigger_text(d),
    may = json.list(d.kind and capabilities.of(d) or {}), params = r.params,
    parameters = d.kind and params_schema.of(d) or nil, error = r.error }
end

-- One rule: what it is for, what it may do, what can be set; --json has its parameters as JSON Schema.
function verbs.show(ctx, words)
  local r, message, code = rules.find(ctx, words[2])
  if not r then
    return nil, message, code
  end
  local o = public_rule(r)
  if ctx.json then
    term.line("%s", json.encode(o))
    return 0
  end
  term.line("%s: %s%s\nstate    %s (%s)", o.name, sw.sys.clean(o.title or ""), o.doc and "\n"
    .. sw.sys.clean(o.doc, true) or "", o.state, o.from)
  if not r.declaration then
    term.line("\n%s", sw.sys.clean(r.error, true))
    return 0
  end
  term.line("trigger  %s\nit may   %s", o.trigger, capabilities.line(o.may))
  local rows = {}
  for _, name in ipairs(schema.keys(r.declaration.params or {})) do
    local p = r.declaration.params[name]
    local value = r.params[name] ~= nil and r.params[name] or p.default
    rows[#rows + 1] = { name, tostring(value == nil and "" or value), p.doc or "" }
  end
  if #rows > 0 then
    term.line("")
    term.table({ "parameter", "value", "" }, rows)
  end
  return 0
end

-- All rules rest, and nothing else does, until `rules resume`.
function verbs.pause(ctx, words)
  if words[2] then
    return nil, "one rule is turned off by: syncwell rules disable " .. sw.sys.clean(words[2]), "usage"
  end
  local ok, message, code = holding.hold(ctx)
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"held":true}' or "no rule fires until `syncwell rules resume`; syncs go on")
  return 0
end

local function go_on(ctx)
  local ok, message, code = holding.go_on(ctx)
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"held":false}' or "rules go on")
  return 0
end

-- A rule that was paused because it kept failing goes on, its errors forgotten; without a name, all that
-- `rules pause` holds.
function verbs.resume(ctx, words)
  if not words[2] then
    return go_on(ctx)
  end
  local r, message, code = rules.find(ctx, words[2])
  if not r then
    return nil, message, code
  elseif not r.paused then
    return nil, ("'%s' is not paused, it is %s"):format(r.name, reports.state(r)), "usage"
  end
  local ok
  ok, message, code = failing.resume(ctx, r)
  if not ok then
    return nil, message, code
  end
  r.live = r.enabled and not r.error
  rules.plan(ctx, { r }, sw.time.now())
  term.line(ctx.json and json.encode { name = r.name, resumed = true } or ("%s goes on"):format(r.name))
  return 0
end

for _, name in ipairs { "why", "fire", "top" } do
  verbs[name] = reports[name]
end

for _, name in ipairs { "install", "remove", "enable", "disable" } do
  verbs[name] = installs[name]
end

verbs.trace, verbs.graph, verbs.backtest = tracing.show, graph.show, past.backtest

-- A firing that waits, or failed, goes on with the source that its rule has now.
function verbs.move(ctx, words)
  local name = words[2]
  if not name then
    return nil, "move which firing? `syncwell rules trace` shows those that wait", "usage"
  end
  local ok, message, code = step_moves.move(ctx, name)
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and json.encode { moved = name } or ("%s goes on with the present source"):format(
    sw.sys.clean(name)))
  return 0
end

function verbs.reload(ctx)
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
  if ctx.json then
    term.line("%s", json.encode { rules = #all, broken = broken })
  else
    term.line("%d rule%s, %d broken; a running syncwell notices changed files by itself", #all, #all == 1
      and "" or "s", broken)
  end
  return broken > 0 and 4 or 0
end

function command.run(ctx, words, options)
  local verb, message, code = commands.verb("rules", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words, options)
end

return command
