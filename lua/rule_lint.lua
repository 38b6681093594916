-- What the engine finds in a rule that is well formed: metrics, events and channels that do not exist, words
-- that were meant otherwise. All of it, each with its place where that is known.
--   rule_lint.problems(ctx, declaration, told) --> { { text, line, column } ... }    told: of lint_calls.lua
local buttons = require("buttons")
local capabilities = require("capabilities")
local channels = require("channels")
local data = require("data")
local fields = require("box.fields")
local filters = require("filters")
local rule_shape = require("rule_shape")
local schema = require("schema")
local triggers = require("triggers")

local rule_lint = {}

local function kind_problem(name)
  return not fields.is_record[name] and ("there are no records of kind '%s'%s"):format(name,
    schema.one_of(name, fields.record_kinds)) or nil
end

local function metric_problem(name)
  local _, why = data.metric(name)
  return why
end

-- What is asked for and not listed is refused when the rule runs.
local function withheld(d, name)
  return not capabilities.allows(d, "read", name)
    and ("this rule does not say that it reads '%s'; add it to: reads = { ... }"):format(name) or nil
end

local judge = {}

for what, problem in pairs { series = metric_problem, goal = metric_problem, records = kind_problem,
  count = kind_problem } do
  judge[what] = function(_, d, one, add)
    add(problem(one.name) or withheld(d, one.name))
  end
end

function judge.channel(_, _, one, add)
  local names = channels.names()
  if not channels.known(one.name) then
    add(("there is no channel '%s'%s: it is one of %s"):format(one.name, schema.did_you_mean(one.name, names),
      table.concat(names, ", ")))
  end
end

-- Is the rule fired by a record that could be tagged?
local function has_record(d)
  for _, t in ipairs(d.on.kind == "any" and d.on.of or { d.on }) do
    if not kind_problem(capabilities.shown_by(t) or "") then
      return true
    end
  end
end

function judge.button(_, d, one, add)
  local wrong = one.button and buttons.problem { one.button }
  local lacks = not wrong and buttons.lacks({ one.button }, d.uses)
  add(wrong or lacks and buttons.ungranted(lacks) or nil)
  if not wrong and one.button and one.button.tag and not has_record(d) then
    add("a button's tag goes to the record that fired the rule, and no record fires this one")
  end
end

function judge.wait_for(ctx, d, one, add)
  local trigger = one.trigger
  for _, t in ipairs(trigger.kind == "any" and trigger.of or { trigger }) do
    if triggers.scheduled(t) then
      add("ctx.wait_for can wait for events and data; for a time there is ctx.sleep")
    end
    for _, list in ipairs { triggers.problems_of(ctx, t), filters.slips(ctx, t) } do
      for _, text in ipairs(list) do
        add(text)
      end
    end
    local seen = capabilities.shown_by(t)
    add(type(seen) == "string" and withheld(d, seen) or nil)
  end
end

function rule_lint.problems(ctx, d, told)
  local found = {}
  local function add_all(list)
    for _, text in ipairs(list) do
      found[#found + 1] = { text = text }
    end
  end
  add_all(triggers.problems(ctx, d))
  if rule_shape.problem(d) then
    return found -- of what is mistyped nothing more can be asked
  end
  add_all(triggers.slips(ctx, d))
  for _, one in ipairs(told or {}) do
    judge[one.what](ctx, d, one, function(text)
      found[#found + 1] = text and { text = text, line = one.line, column = one.column } or nil
    end)
  end
  return found
end

return rule_lint
