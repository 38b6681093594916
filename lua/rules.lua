-- Rules of a person: finding, loading into the box, evaluating, firing once per key.
--   local all = rules.load(ctx)              --> { { name, script, package, declaration, params, enabled,
-- error } ... }
--   rules.evaluate(ctx, rule, { { event = view, at = ms } ... }, "run") --> results of the box, in order
local capabilities = require("capabilities")
local door = require("door")
local failing = require("failing")
local firing = require("firing")
local holding = require("holding")
local home = require("home")
local packages = require("packages")
local parts = require("parts")
local kept_groups = require("kept_groups")
local rule_reads = require("rule_reads")
local rule_shape = require("rule_shape")
local schema = require("schema")
local scripts = require("scripts")
local settling = require("settling")
local step_dry = require("step_dry")
local step_moves = require("step_moves")
local steps = require("steps")
local triggers = require("triggers")
local watch = require("watch")
local zones = require("zones")

local rules = {}

rules.listens, rules.schedules, rules.next_instant = triggers.listens, triggers.schedules,
  triggers.next_instant
rules.watched = triggers.watched

local RULE_MS = 200
local NAME = "^[%w_%-]+%.lua$"

local function read_folder(dir, prefix)
  local files = {}
  for _, name in ipairs(sw.fs.list(dir) or {}) do
    local st = name:find(NAME) and sw.fs.stat(dir .. "/" .. name)
    if st and st.kind == "file" then -- a pipe would be waited for without end
      local source, message = sw.fs.read(dir .. "/" .. name, 65537)
      files[#files + 1] = { name = name:gsub("%.lua$", ""), script = prefix .. name, source = source,
        problem = message }
    end
  end
  return files
end

-- Lua files that lie where nobody reads them, each with what to do, for whoever wonders where a rule is.
function rules.strays(home_dir)
  local told = {}
  for _, name in ipairs(sw.fs.list(home_dir .. "/rules") or {}) do
    if name:find("%.lua$") then
      told[#told + 1] = ("rules/%s is not read: rules lie in rules/automations/; move it there"):format(name)
    end
  end
  for _, name in ipairs(sw.fs.list(home_dir .. "/rules/automations") or {}) do
    if name:find("%.lua$") and not name:find(NAME) then
      told[#told + 1] = ("rules/automations/%s is not read: rename it, with letters, digits, - and _ "
        .. "alone"):format(name)
    end
  end
  return told
end

function rules.catalogue()
  return read_folder(sw.sys.share() .. "/rules/automations", "rules/automations/")
end

-- What is mistyped is not kept: nobody who lists, shows or indexes rules need doubt it again.
local function take_declaration(ctx, f, d)
  local mistyped = rule_shape.problem(d)
  f.declaration = not mistyped and d or nil
  f.error = mistyped or triggers.unsupported(ctx, d) or packages.wider(f, d)
  f.error = f.error and ("%s: %s"):format(f.script, f.error)
end

local function load_once(ctx, package, files)
  local list = {}
  for _, f in ipairs(files) do
    if f.source and #f.source <= 65536 then
      list[#list + 1] = { name = f.script, source = f.source }
    else
      f.error = f.script .. ": " .. (f.source and "the file is over 64 KB" or f.problem)
    end
  end
  if #list == 0 then
    return true
  end
  local results, message, code = scripts.load(ctx.name, package, list, ctx)
  if not results then
    return nil, message, code
  end
  local by_script = {}
  for i, r in ipairs(results) do
    by_script[list[i].name] = r
  end
  for _, f in ipairs(files) do
    local r = by_script[f.script]
    if r and r.ok then
      take_declaration(ctx, f, r.out.declaration)
    elseif r then
      f.error, f.unserved = r.error.text or r.error.message, r.unserved
    end
    f.package = package
  end
  return true
end

local good = {} -- home and script -> its source when it was well last, in an engine that runs

-- An own file that was broken while the engine runs (half of it saved, a slip): events that come before it is
-- mended would be lost on it, so the rule goes on as it was. Those that do, with f.broken.
local function as_it_was(ctx, files)
  local any = false
  for _, f in ipairs(files) do
    local mark = ctx.home .. "\0" .. f.script
    if f.error and not f.unserved and good[mark] then
      f.broken, f.source, f.error, any = f.error, good[mark], nil, true
    elseif f.declaration and not f.broken then
      good[mark] = f.source
    end
  end
  return any
end

local function load_package(ctx, package, files)
  local ok, message, code = load_once(ctx, package, files)
  if ok and package == "own" and ctx.daemon == "forever" and as_it_was(ctx, files) then
    ok, message, code = load_once(ctx, package, files)
  end
  return ok, message, code
end

-- What was set for rules, by name.
local function settings(ctx)
  local list, message, code = sw.store.docs(ctx.who, "rule", { limit = 100000 })
  if not list then
    return nil, message, code
  end
  local out = {}
  for _, doc in ipairs(list) do
    out[doc.name] = doc.body
  end
  return out
end

-- Rules of installed packages, each package in a worker of its own.
local function load_packages(ctx, hidden)
  local by_package, all = {}, {}
  for _, f in ipairs(packages.files(ctx, "rules/automations")) do
    if not hidden[f.name] then
      hidden[f.name] = true
      by_package[f.package] = by_package[f.package] or {}
      table.insert(by_package[f.package], f)
      all[#all + 1] = f
    end
  end
  for package, files in pairs(by_package) do
    local ok, message, code = load_package(ctx, package, files)
    if not ok then
      return nil, message, code
    end
  end
  return all
end

-- A shipped rule that asks for more than was accepted when it was turned on waits for its user.
local function ask_again(f, setting)
  local wider = setting.may and f.declaration and capabilities.wider(capabilities.of(f.declaration),
    setting.may) or {}
  if #wider > 0 then
    f.asks = wider
    f.error = ("%s: since its update it would also %s; allow it with: syncwell rules install %s"):format(
      f.script, capabilities.line(wider), f.name)
  end
end

-- Files of the catalogue, but for those that another file of the name hides.
local function of_catalogue(set, hidden, all_of_them)
  local shipped = {}
  for _, f in ipairs(rules.catalogue()) do
    local s = set[f.name] or {}
    if not hidden[f.name] and (s.installed or all_of_them) then
      f.shipped, f.installed = true, s.installed or false
      shipped[#shipped + 1] = f
    end
  end
  return shipped
end

-- What was set for a rule and how it stands.
local function set_up(f, s, held)
  if f.shipped and f.installed then
    ask_again(f, s)
  end
  f.params = s.params or {}
  f.enabled = s.enabled ~= false and (not f.shipped or f.installed)
    and (not f.declaration or f.declaration.enabled ~= false)
  f.paused = failing.is_paused(f, s)
  f.held = held
  f.live = f.enabled and not f.error and not f.paused and not f.held
end

-- Own rules, those of installed packages, and those of the catalogue that were installed. An own file hides
-- the others.
function rules.load(ctx, with_catalogue)
  local own = read_folder(ctx.home .. "/rules/automations", "rules/automations/")
  local hidden = {}
  local set, why, kind = settings(ctx)
  if not set then
    return nil, why, kind
  end
  for _, f in ipairs(own) do
    hidden[f.name] = true
  end
  local installed, problem, why_not = load_packages(ctx, hidden)
  if not installed then
    return nil, problem, why_not
  end
  local shipped = of_catalogue(set, hidden, with_catalogue)
  for package, files in pairs { own = own, shipped = shipped } do
    local ok, message, code = load_package(ctx, package, files)
    if not ok then
      return nil, message, code
    end
  end
  local all, held = {}, (set[holding.NAME] or {}).held
  for _, list in ipairs { own, installed, shipped } do
    for _, f in ipairs(list) do
      set_up(f, set[f.name] or {}, held)
      all[#all + 1] = f
    end
  end
  table.sort(all, function(a, b)
    return a.name < b.name
  end)
  return all
end

function rules.find(ctx, name)
  if not name then
    return nil, "which rule? `syncwell rules list --all` names them", "usage"
  end
  local all, message, code = rules.load(ctx, true)
  if not all then
    return nil, message, code
  end
  local known = {}
  for _, r in ipairs(all) do
    if r.name == name then
      return r
    end
    known[#known + 1] = r.name
  end
  return nil, ("there is no rule '%s'%s; `syncwell rules list --all` names them"):format(tostring(name),
    schema.did_you_mean(tostring(name), known)),
    "usage"
end

-- Answers what run i reads; instant(i) is its own.
local function answering(ctx, instant, rule, kept)
  return function(call, index, name, args)
    local value, message = rule_reads.read(ctx, rule, name, args, instant(index), kept)
    if value == nil then
      return sw.box.reply(call, false, tostring(message))
    end
    local sent, why = sw.box.reply(call, true, value)
    if not sent then
      sw.box.reply(call, false, why)
    end
  end
end

-- Run specs in the box of a package; at[i] is the instant of run i. Without a rule (a line of the
-- REPL) everything may be read.
function rules.run_in_box(ctx, package, runs, at, rule)
  return door.run(ctx.name, package, runs, answering(ctx, function(i) return at[i] end, rule))
end

-- --- evaluating ---

local function cpu_ms(ctx)
  return ctx.config and ctx.config.limits and ctx.config.limits.rule_ms or RULE_MS
end

-- Each event as a run of its own, with all gates in words.
local function explain(ctx, rule, events, mode)
  local runs, at, kept = {}, {}, steps.rule_state(ctx, rule)
  for i, e in ipairs(events) do
    at[i] = e.at
    runs[i] = { cpu_ms = cpu_ms(ctx), spec = {
      op = "rule", script = rule.script, event = e.event, params = rule.params, at = e.at, mode = mode,
        key = e.key, user = ctx.name, retract = e.retract, state = kept,
      offset_min = home.offset(ctx, e.at), zone = zones.around(ctx.zone, e.at) } }
  end
  return rules.run_in_box(ctx, rule.package, runs, at, rule)
end

local function latest(events)
  local at = events[1].at
  for i = 2, #events do
    at = math.max(at, events[i].at)
  end
  return at
end

local function batch(ctx, rule, part)
  local events = part.events
  local at = events[1].at
  return door.batch(ctx.name, rule.package, { script = rule.script, params = rule.params, user = ctx.name,
    offset_min = home.offset(ctx, at), zone = part.zone }, part.packed, cpu_ms(ctx),
    answering(ctx, function(i) return events[i].at end, rule, kept_groups.new(ctx, latest(events), #events)))
end

-- What waits or keeps something goes alone through data time; `carry` holds what it keeps.
local function rehearse(ctx, rule, events, results, carry)
  for i, r in ipairs(results) do
    if r.ok and r.out.steps then
      local one, message, code = step_dry.run(ctx, rule, events[i], carry.state)
      if not one then
        return nil, message, code
      end
      results[i], carry.state = one, one.ok and one.out.state or carry.state
    end
  end
  return results
end

-- mode: "run" and "dry" give what would be done, "why" and "when" the gates in words. In "run" a result with
-- `steps` is one that waits or keeps something: settling.lua runs it again by itself.
function rules.evaluate(ctx, rule, events, mode, carry)
  if mode == "why" or mode == "when" then
    return explain(ctx, rule, events, mode)
  end
  local list, why, kind = parts.of(ctx, events)
  if not list then
    return nil, why, kind
  end
  local all
  for _, part in ipairs(list) do
    local results, message, code = batch(ctx, rule, part)
    if not results then
      return nil, message, code
    end
    all = all and table.move(results, 1, #results, #all + 1, all) or results
  end
  return mode == "dry" and rehearse(ctx, rule, events, all or {}, carry or {}) or all or {}
end

-- Evaluate and fire one rule over events in order. Gives how many fired.
function rules.apply(ctx, rule, events)
  local list, message, code = parts.of(ctx, events)
  if not list then
    return nil, message, code
  end
  local fired = 0
  for _, part in ipairs(list) do
    local results, why, kind = batch(ctx, rule, part)
    local n
    if results then
      n, why, kind = settling.all(ctx, rule, part.events, results)
    end
    if not n then
      return nil, why, kind
    end
    fired = fired + n
  end
  return fired
end

-- The real event was changed: would the rule still fire for it, seen when it did? nil and why when the rule
-- cannot say.
local function still_holds(ctx, rule, view, at)
  if not triggers.concerns(rule, view.kind .. ".created", view) then
    return false
  end
  local results, message, code = explain(ctx, rule, { { event = view, at = at } }, "when")
  local r = results and results[1]
  if not r then
    return nil, message, code
  end
  return not r.ok or r.out.fired -- a rule that fails does not say that it was wrong
end

-- Corrected so that the rule would not have fired: it takes back what it did.
function rules.correct(ctx, rule, view)
  local was, at = firing.of_group(ctx, rule, view.group)
  if not was or sw.store.doc(ctx.who, "firing", ("%s|%s retracted"):format(rule.name, was.key)) then
    return 0
  end
  local holds, message, code = still_holds(ctx, rule, view, at)
  if holds == nil then
    return nil, message, code
  end
  return holds and 0 or rules.retract(ctx, rule, view.group)
end

-- The real event is gone: a rule that fired for it and has on_retract takes back what it did, once.
function rules.retract(ctx, rule, group)
  local was, at = firing.of_group(ctx, rule, group)
  if not was then
    return 0
  end
  local e = { event = firing.event_again(was, at), at = sw.time.now(), key = was.key .. " retracted",
    retract = true }
  local results, message, code = explain(ctx, rule, { e }, "run")
  if not results then
    return nil, message, code
  end
  local r = results[1]
  if r.ok then
    r.out.key, r.out.fired, r.out.retracts = e.key, true, was.key
  end
  step_moves.stop(ctx, rule.name .. "|" .. was.key, "the data that fired it was taken back")
  return settling.all(ctx, rule, { e }, results)
end

rules.public_event, rules.fire, rules.doubt = firing.public_event, firing.record, firing.doubt

-- The job of a planned instant (lua/jobs/schedule.lua).
function rules.planned_job(rule, ms)
  return { kind = "schedule", name = rule.name, due = ms, payload = sw.json.encode { planned = ms } }
end

-- Every live scheduled rule has a job at its next instant; those that watch data are looked at once.
function rules.plan(ctx, all, after)
  local t, any = home.txn(ctx), false
  for _, rule in ipairs(all) do
    local ms = rule.live and #rules.schedules(rule) > 0 and rules.next_instant(ctx, rule, after)
    if ms then
      t:job(rules.planned_job(rule, ms))
    end
    local watches = rule.live and #rules.watched(rule) > 0
    if watches then
      watch.ask(t)
    end
    any = any or ms or watches
  end
  if not any then
    return true
  end
  return t:commit()
end

return rules
