-- Job "debounce": so long nothing new came for a rule (lua/debounce.lua); it fires now, unless a newer event
-- waits. Repeated after a kill, its key is known.
-- payload: { rule, due = ms }
local debounce = require("debounce")
local home = require("home")
local rules = require("rules")
local standing = require("standing")
local triggers = require("triggers")
local watch = require("watch")

local job_debounce = {}

local function find(set, name)
  for _, rule in ipairs(set.all) do
    if rule.name == name and rule.live then
      return rule
    end
  end
end

function job_debounce.run(ctx, job)
  local set, message, code = standing.rules(ctx)
  if not set then
    return nil, message, code
  end
  local e, doc
  e, doc, code = debounce.due(ctx, job)
  if not e then
    return not doc and { over = true } or nil, doc, code
  end
  local rule, fired = find(set, job.payload.rule), 0
  if rule then
    fired, message, code = rules.apply(ctx, rule, { e })
  end
  if not fired then
    return nil, message, code
  end
  local t = home.txn(ctx)
  debounce.over(t, job.payload.rule, doc)
  if rule and #triggers.watched(rule) > 0 then
    watch.ask(t)
  end
  job:finish(t, "done", { fired = fired })
  local done, why, kind = t:commit()
  return done and { fired = fired } or nil, why, kind
end

return job_debounce
