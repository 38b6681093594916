-- The catalogue as a cookbook for rules/README.md: what each rule is for, when it fires, what it may do, what
-- can be set, and what its tests say of it. Made from the declarations and the names of the tests.
--   cookbook.page() --> Markdown | nil, message, code
local capabilities = require("capabilities")
local schema = require("schema")
local scripts = require("scripts")

local cookbook = { BEGINS = "<!-- the cookbook: made by `syncwell doc --cookbook` -->",
  ENDS = "<!-- end of the cookbook -->" }

local says = {
  event = function(t) return ("`%s`%s"):format(t.event or t[1], t.sport and " of " .. t.sport or "") end,
  cron = function(t) return ("`%s` (minute hour day month weekday)"):format(t.spec or t[1]) end,
  at = function(t) return ("at %s"):format(t.spec or t[1]) end,
  every = function(t) return ("every %s"):format(t.spec or t[1]) end,
  absent = function(t) return ("no %s for %s"):format(t.metric or t[1], t.lasting) end,
  baseline = function(t)
    return ("%s %s%s"):format(t.metric or t[1], t.above and "above " .. t.above or "below " .. t.below,
      t.lasting and " for " .. t.lasting or "")
  end,
  threshold = function(t) return ("%s %s"):format(t.metric or t[1], t.enter) end,
  streak = function(t)
    return ("so many days in a row with a %s: %s"):format(t.records or t.metric,
      table.concat(t.lengths, ", "))
  end,
  milestone = function(t)
    local totals = {}
    for i, n in ipairs(t.totals) do
      totals[i] = ("%.0f"):format(n)
    end
    return ("%s in all: %s"):format(t.metric or t[1], table.concat(totals, ", "))
  end,
}

local function fires(d)
  local words = {}
  for i, t in ipairs(d.on.kind == "any" and (d.on.of or d.on) or { d.on }) do
    words[i] = says[t.kind] and says[t.kind](t) or t.kind
  end
  return table.concat(words, "; or ")
end

-- Tests stand beside the catalogue in a checkout; an installed program has none.
local function tests_of(name)
  local rules = sw.fs.real(sw.sys.share() .. "/rules")
  local path = rules and ("%s/tests/scripts/%s_test.lua"):format(rules:match("^(.*)/") or ".", name)
  local source, list = path and sw.fs.stat(path) and sw.fs.read(path, 65537) or "", {}
  for text in source:gmatch('%f[%w]it%("([^"]+)"') do
    list[#list + 1] = text
  end
  return list
end

local function parameters(add, name, d)
  for _, key in ipairs(schema.keys(d.params or {})) do
    local p = d.params[key]
    add(("- `--set %s=%s`: %s"):format(key, tostring(p.default), p.doc or ""))
  end
  if next(d.params or {}) == nil then
    add(("- nothing to set: `./run rules install %s`"):format(name))
  end
end

local function entry(add, name, d)
  add(("### %s (`%s`)"):format(d.title, name), "", d.doc or "", "")
  add("- fires: " .. fires(d), "- may: " .. capabilities.line(capabilities.of(d)))
  parameters(add, name, d)
  local tests = tests_of(name)
  if #tests > 0 then
    add("- it " .. table.concat(tests, "; "))
  end
  add("")
end

local function catalogue()
  local list = {}
  for _, file in ipairs(sw.fs.list(sw.sys.share() .. "/rules/automations")) do
    local name = file:match("^([%w_]+)%.lua$")
    local path = "rules/automations/" .. file
    list[#list + 1] = name and { name = path, rule = name,
      source = assert(sw.fs.read(sw.sys.share() .. "/" .. path, 65537)) } or nil
  end
  return list
end

function cookbook.page()
  local list, lines = catalogue(), { cookbook.BEGINS }
  local results, message, code = scripts.load("cookbook", "shipped", list)
  if not results then
    return nil, message, code
  end
  local function add(...)
    for _, line in ipairs { ... } do
      lines[#lines + 1] = line
    end
  end
  add(("%d rules are in the catalogue; `./run rules install NAME [--set key=value]` turns one on.")
    :format(#list), "")
  for i, r in ipairs(results) do
    if not r.ok then
      return nil, r.error.text or r.error.message, "bad"
    end
    entry(add, list[i].rule, r.out.declaration)
  end
  lines[#lines + 1] = cookbook.ENDS
  return table.concat(lines, "\n") .. "\n"
end

return cookbook
