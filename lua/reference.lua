-- The reference of what scripts may write, from the shapes that check them (lua/box/reference.lua).
--   local all = reference.get()           --> { constructors, actions, reads, fields, grants, parts }
--   reference.find("calendar.add")                   --> { kind = "action", name, ... } | nil, names
local reference = {}

local kept

function reference.get()
  if kept then
    return kept
  end
  local results, message, code = sw.box.run("reference", "reference", { { spec = { op = "reference" } } })
  if not results then
    return nil, message, code
  elseif not results[1].ok then
    return nil, results[1].error.text or results[1].error.message, "failed"
  end
  kept = results[1].out.reference
  return kept
end

-- What ctx has beside actions, with what it gives.
reference.ctx = {
  series = { use = 'ctx.series("steps", { last = "30d", every = "day" })', gives = "sw.Series",
    doc = "values of a metric, a day each; missing days are absent" },
  records = { use = 'ctx.records("workout", { last = "7d" })', gives = "sw.Event[]",
    doc = "records of a kind, as events" },
  count = { use = 'ctx.count("workout", { sport = "running" })', gives = "integer",
    doc = "how many records of a kind there are, of all time where no span is given" },
  goal = { use = 'ctx.goal "steps"', gives = "number?",
    doc = "the user's goal for a day in the metric's unit, nil without one" },
  sleep = { use = 'ctx.sleep "30min"', gives = "fun(span: sw.Duration)",
    doc = "wait; the rest goes on afterwards, also after a restart (in run)" },
  wait_for = { use = 'ctx.wait_for("sleep.created", { timeout = "10h" })',
    gives = "fun(trigger: sw.Trigger|string, options: { timeout: sw.Duration }): sw.Event?",
    doc = "wait for an event or data; nil when the time is over (in run)" },
  params = { use = "ctx.params.min", gives = "table<string, any>",
    doc = "what the user set; durations compare with texts" },
  state = { use = "ctx.state.count = 1", gives = "table", doc = "kept from run to run of this rule" },
  now = { use = "ctx.now", gives = "sw.Quantity", doc = "the firing's instant; after a wait, when it ended" },
  user = { use = "ctx.user", gives = "string", doc = "whose data it is" },
  log = { use = 'ctx.log("seen", n)', gives = "fun(...: any)", doc = "a line for `rules trace`" },
}

reference.series_methods = { sum = "the sum", mean = "the mean, nil without values", min = "the least",
  max = "the most", first = "the first value", last = "the last value", delta = "last less first",
  percentile = "percentile(90): so many per cent are below", median = "the middle one",
  sd = "standard deviation: how far they lie from the mean, nil for less than two" }

local function entry(kind, name, more)
  local to = { kind = kind, name = name }
  for k, v in pairs(more) do
    to[k] = v
  end
  return to
end

local finders = {
  function(all, name)
    local short = name:gsub("^sw%.", "")
    return all.constructors[short] and entry("constructor", "sw." .. short, all.constructors[short])
  end,
  function(all, name)
    local short = name:gsub("^ctx%.", "")
    return all.actions[short] and entry("action", "ctx." .. short, all.actions[short])
  end,
  function(all, name)
    local short = name:gsub("^ctx%.", "")
    local found = reference.ctx[short]
    return found and entry("ctx", "ctx." .. short, { use = found.use, doc = found.doc,
      keys = all.reads[short] })
  end,
  function(all, name)
    local part = name:match("^reads$") and "read" or name
    return all.parts[part] and entry("part", name, { doc = "a table inside sw.provider",
      keys = all.parts[part] })
  end,
  function(all, name)
    return all.fields[name] and entry("record", name, { fields = all.fields[name] })
  end,
  function(all, name)
    return all.grants[name] and entry("grant", name, { doc = all.grants[name] })
  end,
}

function reference.names(all)
  local names = {}
  for name in pairs(all.constructors) do
    names[#names + 1] = "sw." .. name
  end
  for _, set in ipairs { all.actions, reference.ctx } do
    for name in pairs(set) do
      names[#names + 1] = "ctx." .. name
    end
  end
  for _, set in ipairs { all.fields, all.grants } do
    for name in pairs(set) do
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

function reference.find(name)
  local all, message, code = reference.get()
  if not all then
    return nil, message, code
  end
  for _, find in ipairs(finders) do
    local found = find(all, name)
    if found then
      return found
    end
  end
  return nil
end

-- The type of a key in words: "a duration", "one of skip, now".
local words = { text = "text", number = "number", integer = "whole number", boolean = "true or false",
  ["function"] = "function", list = "list", texts = "list of texts", map = "table", any = "anything",
  duration = 'duration such as "60min"' }

function reference.type_words(key)
  if key.type == "choice" then
    return "one of " .. table.concat(key.words, ", ")
  elseif key.type == "custom" then
    return key.wanted or "a value"
  end
  return words[key.type] or key.type
end

return reference
