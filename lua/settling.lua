-- What the results of a rule's runs come to: firings recorded, errors told, gates that depend on what was
-- before kept.
--   settling.all(ctx, rule, events, results)   --> how many fired | nil, message, code
local debounce = require("debounce")
local failing = require("failing")
local firing = require("firing")
local gates = require("gates")
local steps = require("steps")
local tally = require("tally")

local settling = {}

-- An error of a script is logged and counted (failing.lua); it never stops the others.
local function failure(rule, e, r)
  local text = r.error and (r.error.text or r.error.message) or "stopped"
  if not text:find(rule.script, 1, true) then
    text = rule.script .. ": " .. text -- who died or ran out of memory could not say where
  end
  sw.sys.log("error", "rules", text:match("^[^\n]*"))
  return { text = text, at = e.at, killed = r.killed }
end

local function keep_state(rule, out)
  return out.state and function(t)
    steps.put_state(t, rule, out.state)
  end or nil
end

-- Most firings are recorded as they are. Those that wait or keep something, and those of a rule that minds
-- how many of them there are, are run again by themselves.
local function record(ctx, rule, e, out, recent)
  if out.retracts then
    return firing.record(ctx, rule, e, out, recent, keep_state(rule, out))
  elseif out.steps or rule.declaration.mode then
    return steps.begin(ctx, rule, e, recent)
  end
  return firing.record(ctx, rule, e, out, recent)
end

-- ctx.held: a simulation is told (lua/simulation.lua).
local function is_held(ctx, rule, e, recent)
  local why = gates.closed(ctx, rule, recent, e.at)
  if why and ctx.held then
    ctx.held(rule, e, why)
  end
  return why ~= nil
end

-- What one run came to: a firing is recorded, what is wrong is told. Gives the outcome for failing.lua and
-- how many fired, or nil, message, code.
local function one(ctx, rule, e, r, recent)
  local doubt = r.ok and r.out.fired and firing.doubt(rule, r.out)
  if doubt then
    r.ok, r.error = false, { text = doubt }
  end
  if not r.ok then
    return failure(rule, e, r), 0
  elseif not (r.out.fired or r.out.steps) or is_held(ctx, rule, e, recent) then
    return { ok = true, at = e.at }, 0
  end
  local what, why, kind
  if rule.declaration.debounce and not e.quiet and not r.out.retracts then
    what, why, kind = debounce.note(ctx, rule, e, r.out.key)
  else
    what, why, kind = record(ctx, rule, e, r.out, recent)
  end
  if not what then
    return nil, why, kind
  elseif what == "closed" and ctx.held then
    ctx.held(rule, e, "another firing is under way")
  elseif what == "failed" then
    return failure(rule, e, why), 0
  end
  return { ok = true, at = e.at }, what == "fired" and 1 or 0
end

-- Which results to look at: when all went well, those that have something to tell.
local function concerned(results)
  if results.told and not results.failed then
    return results.told
  end
  local all = {}
  for i = 1, #results do
    all[i] = i
  end
  return all
end

function settling.all(ctx, rule, events, results)
  local fired, outcomes, recent = 0, {}, gates.recent(ctx, rule)
  local list = concerned(results)
  for k, i in ipairs(list) do
    local outcome, n, kind = one(ctx, rule, events[i], results[i], recent)
    if not outcome then
      return nil, n, kind
    end
    outcomes[k], fired = outcome, fired + n
  end
  if list[#list] ~= #results then -- the last one went well without a word
    outcomes[#outcomes + 1] = { ok = true, at = events[#events].at }
  end
  tally.add(ctx, rule.name, results)
  local done, message, code = failing.settle(ctx, rule, outcomes)
  if not done then
    return nil, message, code
  end
  return fired
end

return settling
