-- ctx.rule.fire { rule = "tell_me", event = w }: shows another rule of the person an event.
-- A record goes on as it is; any other table arrives as `w.body` of an event of kind "rule". Each firing
-- knows the chain it came from (lua/chains.lua); no rule stands in one a second time under the same key.
local fields = require("box.fields")
local chains = require("chains")
local rules = require("rules")
local schema = require("schema")
local standing = require("standing")


local function target_of(ctx, name)
  local set, message, code = standing.rules(ctx)
  if not set then
    return nil, message, code
  end
  local names = {}
  for i, rule in ipairs(set.all) do
    if rule.name == name then
      return rule
    end
    names[i] = rule.name
  end
  return nil, ("there is no rule '%s' that is installed%s"):format(sw.sys.clean(name),
    schema.did_you_mean(name, names)), "bad"
end

local function event_of(args, key, by)
  local given = type(args.event) == "table" and args.event or {}
  if fields.is_record[given.kind or ""] and type(given.group) == "string" then
    given.live = given.live or "live"
    return given
  end
  return { kind = "rule", id = key, group = key, live = "live", by = by, body = given }
end

local function contains(chain, link)
  for _, have in ipairs(chain) do
    if have == link then
      return true
    end
  end
end

-- nil when it may fire, else why not, for the trace.
local function refusal(ctx, rule, e)
  local results, message, code = rules.evaluate(ctx, rule, { e }, "why")
  local r = results and results[1]
  if not r then
    return nil, message, code
  elseif not r.ok then
    return false -- its own error: applying it counts that
  elseif contains(e.chain, rule.name .. "|" .. r.out.key) then
    return ("refused: '%s' is in this chain already (%s)"):format(rule.name,
      chains.words(e.chain))
  end
  for _, gate in ipairs(r.out.fired and {} or r.out.gates or {}) do
    if not gate.ok then
      return ("done: '%s' looked and did not fire (%s)"):format(rule.name, gate.text)
    end
  end
  return false
end

local function send(ctx, key, args, steps)
  local firing = steps.firing
  local chain = chains.of(firing)
  local rule, message, code = target_of(ctx, args.rule)
  if not rule then
    return nil, message, code
  elseif not rule.live then
    return ("refused: the rule '%s' is off"):format(rule.name)
  elseif chains.refusal(chain) then
    return "refused: " .. chains.refusal(chain)
  end
  local e = { event = event_of(args, key, firing.body.rule), at = sw.time.now(), chain = chain }
  local why
  why, message, code = refusal(ctx, rule, e)
  if why == nil then
    return nil, message, code
  elseif why then
    return why
  end
  local free
  free, message, code = chains.spend(ctx, chain)
  if not free then
    return free == false and "refused: " .. message or nil, message, code
  end
  local fired
  fired, message, code = rules.apply(ctx, rule, { e })
  if not fired then
    return nil, message, code
  end
  return fired > 0 and "done" or ("done: '%s' did not fire again"):format(rule.name)
end

return { grant = "rule:fire", keyed = true, send = send }
