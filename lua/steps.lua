-- Firings that wait: `run` ends where it waits, what it did stands in a document "steps" beside its firing,
-- and a job goes on when the wait is over: `run` again from its top, its recorded steps answered.
--   steps.begin(ctx, rule, e, recent)  --> "fired" | "known" | "closed" | "failed", result | nil, message
--   steps.resume(ctx, job, name, n)    --> outcome of the job | nil, message, code
-- Each part of a run is one transaction: its steps, its actions' jobs, the job that goes on, what it kept in
-- ctx.state. Documents are written with their revisions: of two that end one wait, the second begins anew.
local failing = require("failing")
local firing = require("firing")
local home = require("home")
local modes = require("modes")
local sources = require("sources")
local step_box = require("step_box")
local waiting = require("waiting")

local json = sw.json
local steps = {}

local TRIES = 5

-- --- writing ---

local function rule_state(ctx, rule)
  local doc = sw.store.doc(ctx.who, "rule_state", rule.name)
  return doc and doc.body.state or nil, doc and doc.revision
end

steps.rule_state = rule_state

function steps.put_state(t, rule, state, had, revision)
  if state ~= nil and json.encode(state) ~= json.encode(had or {}) then
    t:doc("rule_state", rule.name, json.encode { state = state },
      revision and { revision = revision } or had == nil and { mode = "new" } or nil)
  end
end

local function step_job(t, name, n, due, kind)
  t:job { kind = kind or "step", name = ("%s@%d"):format(name, n), due = due,
    payload = json.encode { firing = name, n = n } }
end

steps.job = step_job

-- The job that goes on, and what wakes it before.
local function plan(t, w, name)
  local wait = w.body.wait
  step_job(t, name, wait.n, wait.due, wait.kind == "request" and "request" or nil)
  if wait.kind == "wait_for" then
    waiting.register(t, w.ctx, name, { n = wait.n, trigger = w.body.steps[wait.n].args.trigger,
      rule = w.rule.name, group = w.body.event.group, backfill = w.rule.declaration.backfill,
      job = w.brought_by, woken = w.body.woken })
  end
end

function steps.change_firing(t, ctx, name, change)
  local doc = sw.store.doc(ctx.who, "firing", name)
  if doc then
    change(firing.listed(doc.body))
    t:doc("firing", name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
  end
end

local function mark_over(t, name, doc, state, why)
  doc.body.state, doc.body.why, doc.body.ended = state, why, sw.time.now()
  t:doc("steps", name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
  t:doc_delete("wait", name)
end

-- A firing is over: its steps say so, whoever waits for its end goes on.
function steps.close(t, ctx, name, doc, state, why)
  mark_over(t, name, doc, state, why)
  local m = modes.held(ctx, doc.body.rule)
  local next_one = m and modes.leave(t, m, name)
  if next_one then
    step_job(t, next_one, 0, sw.time.now())
  end
end

function steps.say(state, why)
  return function(f)
    f.state, f.why = state, why
  end
end

-- The firings that a new one takes the place of.
local function take_over(t, ctx, m)
  for _, name in ipairs(m.active) do
    local doc = sw.store.doc(ctx.who, "steps", name)
    if doc and doc.body.state == "waiting" then
      mark_over(t, name, doc, "stopped", "a newer firing took its place")
      steps.change_firing(t, ctx, name, steps.say("stopped", doc.body.why))
    end
  end
end

-- --- beginning ---

function steps.fresh(rule, e, state)
  local event = step_box.stored(e.event)
  return { rule = rule.name, script = rule.script, package = rule.package, shipped = rule.shipped,
    from = rule.from, source = sources.hash(rule), params = rule.params, event = event, at = e.at,
    start = e.at, given = e.key, kept = state, steps = {},
    seed = tostring(e.key or event.group or event.id or e.at) }
end

-- The document of a firing that is not over with its first part.
local function write_steps(t, w, f, name)
  f.state = w.body.state
  t:doc("steps", name, json.encode(w.body), { mode = "new", at = w.body.at })
  sources.keep(t, w.rule)
end

local function write_first(w, m, out)
  return function(t, f, name)
    local body, mode = w.body, w.rule.declaration.mode
    body.key = out.key
    if body.state ~= "done" then
      write_steps(t, w, f, name)
    end
    if body.state == "queued" then
      return modes.queue(t, m, name)
    elseif body.state == "waiting" then
      plan(t, w, name)
    end
    if mode == "restart" then
      take_over(t, w.ctx, m)
    end
    if m and (body.state == "waiting" or #m.active > 0) then
      modes.enter(t, m, body.state == "waiting" and name or nil, mode == "restart")
    end
    steps.put_state(t, w.rule, out.state, w.had, w.revision)
  end
end

-- Others of this rule are under way: nothing of it is done yet.
local function put_off(w, out)
  w.body.state, w.body.steps, w.body.wait = "queued", {}, nil
  out.actions, out.log = nil, nil
end

-- The first part in the box: its result when it fires, else what there is to say.
local function first_part(w)
  local r, message, code = step_box.run(w)
  if not r then
    return nil, nil, message, code
  elseif not r.ok then
    return nil, "failed", r
  elseif not r.out.fired then
    return nil, "closed"
  end
  return r.out
end

local function begin(ctx, rule, e, recent, suffix)
  local m, mode = modes.read(ctx, rule), rule.declaration.mode
  if mode == "single" and #m.active > 0 then
    return "closed"
  end
  local w = { ctx = ctx, rule = rule, at = e.at, brought_by = e.job }
  w.had, w.revision = rule_state(ctx, rule)
  w.body = steps.fresh(rule, e, w.had)
  local out, what, r, code = first_part(w)
  if not out then
    return what, r, code
  end
  out.key = out.key .. (suffix or "")
  local fine, why = step_box.take(w, out, 0)
  if not fine then
    return "failed", { error = { text = why } }
  elseif mode == "queued" and #m.active + #m.queue > 0 then
    put_off(w, out)
  end
  what, why, code = firing.record(ctx, rule, e, out, recent, write_first(w, m, out))
  if what == "known" and not sw.store.doc(ctx.who, "firing", rule.name .. "|" .. out.key) then
    return "again" -- what it kept, or who is under way, changed meanwhile
  end
  return what, why, code
end

-- suffix: of the key, for a firing by hand
function steps.begin(ctx, rule, e, recent, suffix)
  for _ = 1, TRIES do
    local seen = recent and table.move(recent, 1, #recent, 1, {})
    local what, r, code = begin(ctx, rule, e, seen, suffix)
    if what ~= "again" then
      if what == "fired" and recent then
        recent[#recent + 1] = e.at
      end
      return what, r, code
    end
  end
  return nil, ("%s: too many firings begin at a time"):format(rule.name), "busy"
end

-- --- going on ---

-- What the wait gave; nil while it is not over.
local function result_of(wait)
  local now = sw.time.now()
  if not wait.event and not wait.answer and (wait.kind == "request" or now < wait.due) then
    return nil
  end
  local r = wait.answer or { event = wait.event }
  r.at = wait.at or math.max(wait.due, now)
  return r
end

-- One that stood in a queue begins now; another gets what it waited for. nil: there is nothing to do.
local function prepare(w)
  local body, wait = w.body, w.body.wait
  w.had, w.revision = rule_state(w.ctx, w.rule)
  if body.state == "queued" then
    body.start, w.at, body.kept = sw.time.now(), sw.time.now(), w.had
    return true
  end
  local step = body.steps[wait.n]
  step.result = step.result or result_of(wait)
  if not step.result then
    return false
  end
  w.at, step.result.state = step.result.at, w.had
  return true
end

local function settle(w, outcome)
  if w.rule.kept then
    return true -- the present source is not to blame
  end
  return failing.settle(w.ctx, w.rule, { outcome })
end

-- It ends badly: the firing says so, with what to do.
local function end_badly(w, doc, state, why)
  local t = home.txn(w.ctx)
  steps.close(t, w.ctx, w.name, doc, state, why)
  steps.change_firing(t, w.ctx, w.name, steps.say(state, why))
  w.job:finish(t, state, { why = why })
  sw.sys.log("warn", "rules", ("%s: %s"):format(w.name, why:match("^[^\n]*")))
  return t:commit()
end

local function write_part(w, doc, out)
  local t, body = home.txn(w.ctx), w.body
  steps.change_firing(t, w.ctx, w.name, function(f)
    firing.plan_actions(t, w.ctx, w.rule, w.name, f, out.actions, w.at)
    f.state, f.log = body.state, json.list(out.log or {})
  end)
  steps.put_state(t, w.rule, out.state, w.had, w.revision)
  t:doc_delete("wait", w.name)
  if body.state == "done" then
    steps.close(t, w.ctx, w.name, doc, "done")
  else
    t:doc("steps", w.name, json.encode(body), { revision = doc.revision, at = doc.at })
    plan(t, w, w.name)
  end
  w.job:finish(t, body.state, {})
  return t:commit()
end

function steps.different(d)
  local asks = sw.sys.clean(tostring(d.asks)):sub(1, 40)
  local recorded = sw.sys.clean(tostring(d.recorded)):sub(1, 40)
  local what = asks == recorded and asks .. " with other words or figures than it was recorded with"
    or ("%s where %s is recorded"):format(asks, recorded)
  return ("what it does is no longer what it did before it waited: it asks for %s; see its steps with: "
    .. "syncwell rules trace RULE|KEY"):format(what)
end

local function count_actions(body)
  local n = 0
  for _, s in ipairs(body.steps) do
    n = math.max(n, s.n or 0)
  end
  return n
end

local function go_on(w, doc)
  local r, message, code = step_box.run(w)
  if not r then
    return nil, message, code
  elseif not r.ok then
    local text = step_box.text(w, r)
    settle(w, { text = text, at = w.at, killed = r.killed })
    return end_badly(w, doc, "failed", text)
  elseif r.out.differs then
    return end_badly(w, doc, "stopped", steps.different(r.out.differs))
  end
  local fine, why = step_box.take(w, r.out, count_actions(w.body))
  if not fine then
    settle(w, { text = w.rule.script .. ": " .. why, at = w.at })
    return end_badly(w, doc, "failed", why)
  end
  settle(w, { ok = true, at = w.at })
  return write_part(w, doc, r.out)
end

local function attempt(ctx, job, name, n)
  local doc, message, code = sw.store.doc(ctx.who, "steps", name)
  local body = doc and doc.body
  if not doc then
    return not message and {} or nil, message, code
  elseif not (body.state == "waiting" and body.wait.n == n or body.state == "queued" and n == 0) then
    return { over = true }
  end
  local w = { ctx = ctx, job = job, name = name, body = body, brought_by = job.id }
  local rule, why, kind = sources.rule_of(ctx, body)
  local done
  w.rule = rule
  if not rule and kind == "stopped" then
    w.rule = { name = body.rule, declaration = {} }
    done, message, code = end_badly(w, doc, "stopped", why)
  elseif not rule then
    return nil, why, kind
  elseif not prepare(w) then
    return { waits = true }
  else
    done, message, code = go_on(w, doc)
  end
  if not done then
    job.finished = nil
    return nil, message, code
  end
  return { state = body.state }
end

-- At the start: every firing that waits has its job, also in a home that came from a dump, and one that was
-- given up is tried again.
function steps.plan(ctx)
  local t, any = home.txn(ctx), false
  for _, doc in ipairs(sw.store.docs(ctx.who, "steps", {}) or {}) do
    local wait = doc.body.state == "waiting" and doc.body.wait
    if wait then
      local sends = wait.kind == "request" and not wait.answer
      step_job(t, doc.name, wait.n, wait.at or wait.due, sends and "request" or nil)
      any = true
    end
  end
  return not any or t:commit()
end

function steps.resume(ctx, job, name, n)
  local outcome, message, code
  for _ = 1, TRIES do
    outcome, message, code = attempt(ctx, job, name, n)
    if outcome or code ~= "conflict" then
      break
    end
  end
  return outcome, message, code
end

return steps
