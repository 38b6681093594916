-- LuaLS types of what scripts may write, for editors: lua/meta/syncwell.lua.
--   types.text(reference.get())   --> the text of a meta file
local reference = require("reference")
local schema = require("schema")

local types = {}

local plain = { text = "string", number = "number", integer = "integer", boolean = "boolean",
  ["function"] = "function", list = "any[]", texts = "string[]", map = "table", any = "any",
  duration = "sw.Duration" }

local customs = { ["^a trigger"] = "sw.Trigger|string", ["^a time"] = "sw.Instant",
  ["^a text"] = "string|number|sw.Quantity",
  ["^a list"] = "string[]" }

local function type_of(k)
  if k.signature then
    return k.signature
  elseif k.type == "choice" then
    local list = {}
    for i, word in ipairs(k.words) do
      list[i] = tonumber(word) and word or ('"%s"'):format(word)
    end
    return table.concat(list, "|")
  elseif k.type == "custom" then
    for pattern, name in pairs(customs) do
      if (k.wanted or ""):find(pattern) then
        return name
      end
    end
    return "string"
  end
  return plain[k.type] or "any"
end

local function class_name(name)
  return "sw." .. name:gsub("%.", "_"):gsub("^%l", string.upper):gsub("_(%l)",
    function(c) return c:upper() end)
end

local function comment(k)
  local words = k.doc or k.wanted or ""
  return words ~= "" and " " .. words:gsub("%s+", " ") or ""
end

local function class(add, name, keys)
  add("---@class " .. name)
  for _, k in ipairs(keys) do
    add(("---@field %s%s %s%s"):format(k.position and "[" .. k.key .. "]" or k.key, k.required and "" or "?",
      type_of(k), comment(k)))
  end
  add("")
end

local results = { triggers = "sw.Trigger", parameters = "sw.Param", declarations = "sw.Declaration",
  ["sign-in"] = "table", paging = "table", webhooks = "table", mappers = "sw.Mapper" }

local values = { now = "fun(): sw.Quantity", time = "fun(value: string|number): sw.Quantity",
  quantity = "fun(text: string): sw.Quantity", secret = "fun(name: string): string",
    sha1 = "fun(text: string): string",
  sha256 = "fun(text: string): string", base64 = "fun(text: string): string",
  sport_name = "fun(word: string): string?, string?", moment = "fun(text: string): integer?, integer?",
  objects = "fun(list: any): table[]", word = "fun(v: any): string", figure = "fun(v: any): number?" }

local mappers = { value = "fun(spec: string|table): sw.Mapper", first = "fun(list: sw.Path[]): sw.Mapper",
  lookup = "fun(spec: table): sw.Mapper", const = "fun(value: any): sw.Mapper",
  offset_between = "fun(shown: string, utc: string): sw.Mapper" }

local function constructor_type(name, c)
  if c.group == "values" then
    return values[name] or error("no type for sw." .. name)
  elseif c.group == "mappers" then
    return mappers[name] or "fun(path: string): sw.Mapper"
  elseif name == "any" then
    return "fun(list: sw.Trigger[]): sw.Trigger"
  end
  local spec = class_name(name) .. "Spec"
  local short = c.keys[1] and c.keys[1].position and "|string" or ""
  return ("fun(spec%s: %s%s): %s"):format(c.group == "parameters" and "?" or "", spec, short,
    results[c.group])
end

local function library(add, all)
  for _, name in ipairs(schema.keys(all.constructors)) do
    if all.constructors[name].keys then
      class(add, class_name(name) .. "Spec", all.constructors[name].keys)
    end
  end
  for _, name in ipairs(schema.keys(all.parts)) do
    class(add, class_name("part_" .. name), all.parts[name])
  end
  add("---@class sw.Library")
  for _, name in ipairs(schema.keys(all.constructors)) do
    local c = all.constructors[name]
    add(("---@field %s %s %s"):format(name, constructor_type(name, c), c.doc))
  end
  add("")
end

local function field_type(f)
  local kinds = { list = "table[]", map = "table", text = "string", flag = "boolean", time = "sw.Quantity" }
  return kinds[f.unit] or "number"
end

local function events(add, all)
  local seen, names = {}, {}
  for _, kind in ipairs(schema.keys(all.fields)) do
    for name, f in pairs(all.fields[kind]) do
      if not seen[name] then
        names[#names + 1] = name
      end
      seen[name] = f
    end
  end
  table.sort(names)
  add("---@class sw.Event")
  local quantities = {}
  for _, name in ipairs(names) do
    local f = seen[name]
    add(("---@field %s %s?"):format(name, field_type(f)))
    if f.quantity and not seen[f.quantity] and not quantities[f.quantity] then
      quantities[f.quantity] = true
      add(("---@field %s sw.Quantity? %s"):format(f.quantity, f.dimension))
    end
  end
  add("")
end

-- The classes of actions and of what they are given; the members of ctx that lead to them.
local function actions(add, all)
  local members, done = {}, {}
  for _, name in ipairs(schema.keys(all.actions)) do
    local a = all.actions[name]
    class(add, class_name(name) .. "Args", a.keys)
    local group, verb = name:match("^(%l+)%.(%l+)$")
    local gives = name == "http.request" and ": sw.Answer?, string?, string?" or ""
    local call = ("fun(args: %sArgs%s)%s %s"):format(class_name(name), a.short and "|string" or "", gives,
      a.doc)
    if group then
      done[group] = done[group] or {}
      table.insert(done[group], ("---@field %s %s"):format(verb, call))
    else
      members[#members + 1] = ("---@field %s %s"):format(name, call)
    end
  end
  for _, group in ipairs(schema.keys(done)) do
    add("---@class " .. class_name("ctx_" .. group), table.unpack(done[group]))
    add("")
    members[#members + 1] = ("---@field %s %s"):format(group, class_name("ctx_" .. group))
  end
  return members
end

local function contexts(add, all)
  local members = actions(add, all)
  class(add, "sw.SeriesOptions", all.reads.series)
  class(add, "sw.RecordsOptions", all.reads.records)
  class(add, "sw.CountOptions", all.reads.count)
  add("---@class sw.Series", "---@field n integer", "---@field [integer] number")
  for _, name in ipairs(schema.keys(reference.series_methods)) do
    add(("---@field %s fun(p?: number): number? %s"):format(name, reference.series_methods[name]))
  end
  add("", "---@class sw.Pure")
  for _, name in ipairs { "log", "now", "params", "state", "user" } do
    add(("---@field %s %s %s"):format(name, reference.ctx[name].gives, reference.ctx[name].doc))
  end
  add("", "---@class sw.Ctx: sw.Pure",
    "---@field series fun(metric: string, options?: sw.SeriesOptions): sw.Series "
      .. reference.ctx.series.doc,
    "---@field records fun(kind: string, options?: sw.RecordsOptions): sw.Event[] "
      .. reference.ctx.records.doc,
    "---@field count fun(kind: string, options?: sw.CountOptions): integer " .. reference.ctx.count.doc,
    "---@field goal fun(metric: string): number? " .. reference.ctx.goal.doc)
  for _, name in ipairs { "sleep", "wait_for" } do
    add(("---@field %s %s %s"):format(name, reference.ctx[name].gives, reference.ctx[name].doc))
  end
  add(table.unpack(members))
  add("")
end

local head = [[
---@meta syncwell
-- Made by `syncwell types --write` from the shapes that check scripts: not for editing.

---@class sw.Declaration
---@class sw.Trigger
---@class sw.Param
---@class sw.Mapper

---@alias sw.Duration string|number|sw.Quantity
---@alias sw.Instant string|number|sw.Quantity
---@alias sw.Path string|sw.Mapper|function

---@class sw.Quantity
---@operator add(string|sw.Quantity): sw.Quantity
---@operator sub(string|sw.Quantity): sw.Quantity
---@field ms integer? of a time, UTC milliseconds
---@field iso string? of a time
---@field year integer? of a time, as month, day, hour, min, sec and wday (1 is Sunday)
---@field month integer?
---@field day integer?
---@field hour integer?
---@field wday integer?
---@field value number in the base unit: s, m, kcal, g ...
---@field min number? of a duration; of a time its minute
---@field h number? of a duration
---@field d number? of a duration
---@field km number? of a distance

---@class sw.Answer
---@field status integer
---@field headers table<string, string> names in lower case
---@field text string
---@field json any nil when it is none

---@class sw.Window
---@field from integer UTC milliseconds
---@field to integer UTC milliseconds
---@field first_day string
---@field last_day string

---@class sw.Account
---@field request fun(request: table): table
---@field get fun(request: table): any the document, nil where there is none; as post, put, patch and delete
---@field post fun(request: table): table
---@field put fun(request: table): table
---@field patch fun(request: table): table
---@field delete fun(request: table): table
---@field secret fun(name: string): string
---@field settings table<string, string>
---@field id string
---@field now integer

---@class sw.Out
---@field record fun(record: table)
---@field day fun(day: string, metric: string, value: number, unit?: string, origin?: table)
---@field series fun(list: table, spec: sw.PartSeries)
---@field reject fun(reason: string, n?: integer)
]]

function types.text(all)
  local lines = { head }
  local function add(...)
    for _, line in ipairs { ... } do
      lines[#lines + 1] = line
    end
  end
  events(add, all)
  contexts(add, all)
  library(add, all)
  add("---@type sw.Library", "local library", "return library", "")
  return table.concat(lines, "\n")
end

return types
