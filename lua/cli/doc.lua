-- syncwell doc: what scripts may write, a thing at a time or as a page.
--   syncwell doc   |   syncwell doc event   |   syncwell doc calendar.add   |   syncwell doc steps
local config_reference = require("config_reference")
local cookbook = require("cookbook")
local page = require("reference_page")
local reference = require("reference")
local schema = require("schema")
local term = require("term")

local json = sw.json

local command = {
  group = "rules", summary = "what scripts may write",
  usage = "[NAME] | --markdown | --cookbook", needs_home = false,
  example = "syncwell doc rule\nsyncwell doc calendar.add\nsyncwell doc workout\nsyncwell doc heart_rate\n"
    .. "syncwell doc config",
  doc = "Constructors (rule, event ...), actions (calendar.add ...), kinds of records, metrics and grants.\n"
    .. "Without a name it lists them all. `config`: what config.lua may say, with defaults.",
  options = { markdown = { doc = "the whole reference as a page" },
    cookbook = { doc = "the catalogue of rules as a page" } },
}

local function metric(name)
  for _, m in ipairs(sw.store.metrics()) do
    if m.name == name then
      local text = "%s, in %s; a day's value is its %s"
      return { kind = "metric", name = name, unit = m.unit,
        doc = text:format(m.title, m.unit:gsub("[{}]", ""), m.daily or "last") }
    end
  end
end

-- With and without sw. and ctx., and the metrics.
local function all_names(all)
  local names = reference.names(all)
  for _, full in ipairs(reference.names(all)) do
    names[#names + 1] = full:gsub("^%l+%.", "")
  end
  for _, m in ipairs(sw.store.metrics()) do
    names[#names + 1] = m.name
  end
  for name in pairs(all.parts or {}) do
    names[#names + 1] = name
  end
  names[#names + 1] = "config"
  return names
end

command.words = { NAME = function()
  local all = reference.get()
  return all and all_names(all) or {}
end }

local function unknown(all, name)
  return nil, ("there is nothing called '%s'%s; `syncwell doc` lists what there is"):format(name,
    schema.did_you_mean(name, all_names(all))), "usage"
end

local function list(all)
  local rows = {}
  for _, name in ipairs(reference.names(all)) do
    local found = reference.find(name)
    rows[#rows + 1] = { name, found and found.doc or found and found.kind == "record" and "a kind of record"
      or "" }
  end
  term.table({ "name", "" }, rows)
  term.line("\nand every metric: syncwell metrics")
  return 0
end

local function print_entry(found)
  local shown = page.entry(found)
  term.line("%s", term.paint("bold", shown.title))
  for _, line in ipairs(shown.lines) do
    term.line("  %s", line)
  end
  if #shown.rows > 0 then
    term.line("")
    term.table(shown.head, shown.rows)
  end
  return 0
end

local function print_config(ctx)
  local rows = config_reference.rows()
  if ctx.json then
    local out = json.list()
    for i, row in ipairs(rows) do
      out[i] = { key = row[1], default = row[2] ~= "" and row[2] or nil, doc = row[3] }
    end
    term.line("%s", json.encode(out))
    return 0
  end
  term.table({ "config.lua", "default", "is" }, rows)
  term.line("\nreturn { retention = { raw_days = 60 }, channels = { default = \"ntfy\" } }")
  return 0
end

local function print_cookbook()
  local text, message, code = cookbook.page()
  if not text then
    return nil, message, code
  end
  term.out(text)
  return 0
end

function command.run(ctx, words, options)
  if options.cookbook then
    return print_cookbook()
  elseif words[1] == "config" then
    return print_config(ctx)
  end
  local all, message, code = reference.get()
  if not all then
    return nil, message, code
  elseif options.markdown then
    term.out(page.markdown(all))
    return 0
  elseif not words[1] then
    if ctx.json then
      term.line("%s", json.encode(all))
      return 0
    end
    return list(all)
  end
  local found = reference.find(words[1]) or metric(words[1])
  if not found then
    return unknown(all, words[1])
  elseif ctx.json then
    term.line("%s", json.encode(found))
    return 0
  end
  return print_entry(found)
end

return command
