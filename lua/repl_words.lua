-- What may stand at the end of a line of the REPL: from the reference and from the data that is there.
--   local words = repl_words.of(ctx)      -- asked before each prompt, so that completing never waits
--   words('series("st', "st")             --> { "steps", ... }
local fields = require("box.fields")
local connections = require("connections")
local reference = require("reference")
local rules = require("rules")
local schema = require("schema")

local repl_words = {}


local function constructors(all)
  local list = {}
  for name in pairs(all.constructors) do
    list[#list + 1] = "sw." .. name
  end
  return list
end

-- What a line may begin with or use: names of the console, of the library and of Lua.
local function names_of(all)
  local list = {
    "series", "records", "count", "goal", "print", "pairs", "ipairs", "tostring", "tonumber",
    "string.format", "math.floor", "table.concat", "table.sort", "os.date", "local", "function",
    "return", "for", "while"
  }
  for _, name in ipairs(constructors(all)) do
    list[#list + 1] = name
  end
  for _, name in ipairs(schema.keys(reference.ctx)) do
    list[#list + 1] = "ctx." .. name
  end
  return list
end

local function metrics()
  local list = {}
  for i, m in ipairs(sw.store.metrics()) do
    list[i] = m.name
  end
  return list
end

local function live_rules(ctx)
  local list = {}
  for i, r in ipairs(rules.load(ctx, true) or {}) do
    list[i] = r.name
  end
  return list
end

local function live_connections(ctx)
  local list = {}
  for i, c in ipairs(connections.list(ctx) or {}) do
    list[i] = connections.title(c)
  end
  return list
end

local function methods()
  local list = {}
  for name in pairs(reference.series_methods) do
    list[#list + 1] = "." .. name .. "()"
  end
  return list
end

local function field_names(all)
  local list = {}
  for _, kind in ipairs(fields.record_kinds) do
    for name, f in pairs(all.fields[kind] or {}) do
      list[#list + 1] = "." .. name
      list[#list + 1] = f.quantity and "." .. f.quantity or nil
    end
  end
  return list
end

-- Where the word stands decides which list it is from.
local function list_for(known, line, word)
  local before = line:sub(1, #line - #word)
  if before:find("^%.[%l]+%s+$") then
    local dot = before:match("^%.(%l+)")
    return known.dots[dot] or known.names
  elseif before == "" and word:sub(1, 1) == "." then
    return known.commands
  elseif before:find('series%s*%(?%s*["\']$') then
    return known.metrics
  elseif before:find('records%s*%(?%s*["\']$') or before:find('count%s*%(?%s*["\']$') then
    return fields.record_kinds
  elseif before:find('sport%s*=%s*["\']$') then
    return { "running", "cycling", "swimming", "walking", "hiking", "strength_training" }
  elseif before:find('provider%s*=%s*["\']$') or before:find('connection%s*=%s*["\']$') then
    return known.connections
  elseif word:sub(1, 1) == "." and before:find("%]$") then
    return known.fields
  elseif word:sub(1, 1) == "." then
    return known.methods
  end
  return before:find("[\"']$") and known.metrics or known.names
end

local function starting_with(list, word)
  local out, seen = {}, {}
  for _, one in ipairs(list) do
    if one:sub(1, #word) == word and not seen[one] then
      seen[one], out[#out + 1] = true, one
    end
  end
  table.sort(out)
  return out
end

function repl_words.of(ctx, commands)
  local all = reference.get()
  if not all then
    return nil
  end
  local rule_names, dots = live_rules(ctx), {}
  for i, name in ipairs(commands) do
    dots[i] = "." .. name
  end
  local drawable = metrics()
  table.insert(drawable, 1, "series(")
  local known = { names = names_of(all), metrics = metrics(), connections = live_connections(ctx),
    methods = methods(), fields = field_names(all), commands = dots,
    dots = { why = rule_names, fire = rule_names, backtest = rule_names, trace = rule_names,
      plot = drawable, doc = reference.names(all), set = { "now=" }, json = { "on", "off" } } }
  return function(line, word)
    return starting_with(list_for(known, line, word), word)
  end
end

return repl_words
