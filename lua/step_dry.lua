-- A run that waits, on data time, of which nothing is done: for backtests and `rules fire`. Sleeping moves
-- its clock; what it waits for is looked up in what is stored after that instant.
--   step_dry.run(ctx, rule, e, state)     --> result of the box | nil, message, code
local rule_reads = require("rule_reads")
local step_box = require("step_box")
local steps = require("steps")
local waiting = require("waiting")

local step_dry = {}

local DAY_MS = 86400000

function step_dry.run(ctx, rule, e, state)
  local event = step_box.stored(e.event)
  local w = { ctx = ctx, rule = rule, at = e.at, body = steps.fresh(rule, e, state), answers = {},
    dry = true }
  for _, name in ipairs { "series", "records", "count", "goal" } do
    w.answers[name] = function(_, args)
      return (rule_reads.read(ctx, rule, name, args, w.at))
    end
  end
  w.answers["steps.foresee"] = function(_, args)
    local from = tonumber(args.from) or w.at
    local to = math.min(from + (tonumber(args.seconds) or 0) * 1000, sw.time.now()) // 1
    local fine, found = pcall(waiting.foresee, ctx, args.trigger, from, math.tointeger(to))
    found = fine and found or { at = math.tointeger(from + args.seconds * 1000 // 1) }
    w.at = found.at
    return found
  end
  w.spec = step_box.spec(ctx, rule, w.body, e.at + 366 * DAY_MS)
  w.spec.mode, w.spec.steps, w.spec.event = "dry", nil, event
  return step_box.run(w)
end

return step_dry
