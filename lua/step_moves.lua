-- Firings that wait, from outside: stopped, or moved to the present source of their rule.
--   step_moves.stop(ctx, name, why)     step_moves.move(ctx, name)     --> true | nil, message, code
local door = require("door")
local home = require("home")
local sources = require("sources")
local step_box = require("step_box")
local steps = require("steps")

local json = sw.json
local step_moves = {}

local TRIES, RULE_MS = 5, 200

local function change(ctx, name, f)
  for _ = 1, TRIES do
    local doc, message, code = sw.store.doc(ctx.who, "steps", name)
    if not doc then
      return nil, message or ("there is no firing '%s' that waits"):format(name), code or "notfound"
    end
    local t = home.txn(ctx)
    local fine, why, kind = f(t, doc)
    if not fine then
      return nil, why, kind
    end
    local done
    done, message, code = t:commit()
    if done or code ~= "conflict" then
      return done, message, code
    end
  end
  return nil, "it changes all the time; try again", "busy"
end

function step_moves.stop(ctx, name, why)
  return change(ctx, name, function(t, doc)
    if doc.body.state ~= "waiting" and doc.body.state ~= "queued" then
      return nil, ("'%s' does not wait any more"):format(name), "usage"
    end
    steps.close(t, ctx, name, doc, "stopped", why)
    steps.change_firing(t, ctx, name, steps.say("stopped", why))
    return true
  end)
end

-- Does the present source come to the same wait by the same steps? true, or nil and which step differs.
local function arrives(ctx, rule, body)
  local there = false
  local w = { ctx = ctx, rule = rule, body = body, at = body.steps[body.wait.n].at }
  local give = step_box.answers["steps.result"]
  w.spec = step_box.spec(ctx, rule, body, w.at)
  local results, message, code = door.run(ctx.name, rule.package, { { cpu_ms = RULE_MS, spec = w.spec } },
    function(call, _, name, args)
      there = there or name == "steps.result" and args.n == body.wait.n
      local value = not there and (name == "steps.result" and give(w, args, call)
        or name == "steps.read" and args.n and (body.steps[args.n] or {}).result)
      sw.box.reply(call, value and true or false, value or "the wait it stands at")
    end)
  local r = results and results[1]
  if there then
    return true
  elseif not r then
    return nil, message, code
  elseif r.ok and r.out.differs then
    return nil, steps.different(r.out.differs), "bad"
  end
  return nil, r.ok and "the present source does not come to the wait where it stands"
    or step_box.text(w, r), "bad"
end

local function move_to(ctx, t, doc, rule, name)
  local body, was = doc.body, doc.body.state
  body.source, body.params = sources.hash(rule), rule.params
  body.script, body.package = rule.script, rule.package
  sources.keep(t, rule)
  if was ~= "waiting" then
    body.state, body.why, body.ended = "waiting", nil, nil
    body.wait.at = sw.time.now()
    steps.job(t, name, body.wait.n, body.wait.at)
  end
  steps.change_firing(t, ctx, name, function(f)
    f.state, f.why, f.source = "waiting", nil, body.source:sub(1, 16)
  end)
  t:doc("steps", name, json.encode(body), { revision = doc.revision, at = doc.at })
  return true
end

function step_moves.move(ctx, name)
  return change(ctx, name, function(t, doc)
    local body = doc.body
    local rule, why, code = require("rules").find(ctx, body.rule)
    if not rule then
      return nil, why, code
    elseif rule.error then
      return nil, rule.error, "bad"
    elseif not body.wait then
      return nil, ("'%s' stands at no wait: it is %s"):format(name, body.state), "usage"
    end
    local fine
    fine, why, code = arrives(ctx, rule, body)
    if not fine then
      return nil, why, code
    end
    return move_to(ctx, t, doc, rule, name)
  end)
end

return step_moves
