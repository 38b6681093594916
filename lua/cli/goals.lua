-- syncwell goals: what a day should come to. Rules listen to them with sw.goal { metric, reached = true }.
--   syncwell goals   |   syncwell goals set steps 10000/day   |   syncwell goals remove steps
local amounts = require("amounts")
local commands = require("commands")
local data = require("data")
local goal = require("goal")
local home = require("home")
local term = require("term")
local watch = require("watch")

local json = sw.json

local command = {
  group = "data", summary = "what a day should come to, and how far today is",
  usage = "[list | set METRIC AMOUNT[/day] [--at-most] | remove METRIC]",
  example = "syncwell goals set steps 10000/day\nsyncwell goals set sleep 7.5h\n"
    .. "syncwell goals set caffeine 400mg --at-most\nsyncwell goals",
  doc = "A goal is met on a day whose value is the target or more; with --at-most, the target or less.",
  options = { ["at-most"] = { doc = "the day's value is to stay at the target or below" } },
}

function command.mutates(words)
  return words[1] == "set" or words[1] == "remove"
end

local verbs = {}

-- "10000/day", "7.5h", "2.5 l": a value in the metric's unit.
local function target_of(m, text)
  local value, why = amounts.read(m, (text:gsub("%s*/%s*day$", "")))
  if value and value <= 0 then
    why = ("a goal for %s is more than nothing, such as 10000/day"):format(m.title:lower())
  elseif value and value > m.max * (m.kind == "cumulative" and 10 or 1) then
    why = ("no day comes to %g of %s"):format(value, m.title:lower())
  elseif value then
    return math.tointeger(value) or value
  end
  return nil, why .. " (a goal is for a day: 10000/day)", "usage"
end

local function target_text(m, target, most)
  return (most and "at most %s" or "%s or more"):format(data.text(m, target))
end

function verbs.set(ctx, words, options)
  local m, message, code = data.metric(words[2])
  if not m then
    return nil, words[2] and message or "goals set needs a metric and an amount: goals set steps 10000/day",
      code or "usage"
  end
  if not words[3] then
    return nil, ("goals set %s needs an amount: syncwell goals set steps 10000/day"):format(words[2]),
      "usage"
  end
  local target
  target, message, code = target_of(m, table.concat(words, " ", 3))
  if not target then
    return nil, message, code
  end
  local t = home.txn(ctx)
  t:doc("goal", m.name, json.encode { target = target, period = "day", most = options["at-most"] or nil })
  watch.ask(t)
  local ok
  ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  if ctx.json then
    term.line("%s", json.encode { metric = m.name, target = target, unit = m.unit, period = "day",
      most = options["at-most"] or nil })
  else
    local hint = options["at-most"] and "" or "; --at-most if it is to stay below"
    term.line("%s: %s a day%s", m.title, target_text(m, target, options["at-most"]), hint)
  end
  return 0
end

function verbs.remove(ctx, words)
  local m, message, code = data.metric(words[2])
  if not m then
    return nil, message, code
  elseif not sw.store.doc(ctx.who, "goal", m.name) then
    return nil, ("there is no goal for %s; `syncwell goals` lists them"):format(m.name), "usage"
  end
  local t = home.txn(ctx)
  t:doc_delete("goal", m.name)
  local ok
  ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"removed":true}' or "the goal for " .. m.title:lower() .. " is gone")
  return 0
end

-- How far today is, and on how many of the last seven days it was met.
local function progress(ctx, m, body)
  local today = home.day(ctx, sw.time.now())
  local rows, message, code = data.daily(ctx, m.name, today - 6, today)
  if not rows then
    return nil, message, code
  end
  local now, met = nil, 0
  for _, row in ipairs(rows) do
    met = met + (row.value and goal.met(body, m, row.value, row.day < today) and 1 or 0)
    now = row.day == today and row.value or now
  end
  return { today = now, met = met }
end

function verbs.list(ctx)
  local docs, message, code = sw.store.docs(ctx.who, "goal")
  if not docs then
    return nil, message, code
  end
  local rows, out = {}, json.list()
  for _, d in ipairs(docs) do
    local m = data.metric(d.name)
    local p = m and progress(ctx, m, d.body)
    if p then
      out[#out + 1] = { metric = d.name, target = d.body.target, unit = m.unit, period = d.body.period,
        most = d.body.most, today = p.today, met_of_7_days = p.met }
      rows[#rows + 1] = { m.title, target_text(m, d.body.target, d.body.most),
        p.today and data.text(m, p.today) or "nothing yet",
        ("%d of 7 days"):format(p.met) }
    end
  end
  if ctx.json then
    term.line("%s", json.encode(out))
  elseif #rows == 0 then
    term.line("no goals yet: `syncwell goals set steps 10000/day`")
  else
    term.table({ "goal", "a day", "today", "met" }, rows)
  end
  return 0
end

function command.run(ctx, words, options)
  local verb, message, code = commands.verb("goals", verbs, words[1])
  if not verb then
    local hint = data.metric(words[1]) and "; to set one: syncwell goals set " .. table.concat(words, " ")
    return nil, message .. (hint or ""), code
  end
  return verb(ctx, words, options)
end

return command
