-- Provider scripts: finding them, loading their declarations into the box.
--   local p = providers.get(ctx, "strava")   --> { id, script, package, declaration, own }
-- Shipped ones stand in providers/, a user's own in HOME/providers/ (an own file hides a shipped one).
local data = require("data")
local schema = require("schema")
local scripts = require("scripts")

local providers = {}

local function files(ctx)
  local list, seen = {}, {}
  local places = { { ctx.home and ctx.home .. "/providers", true },
    { sw.sys.share() .. "/providers", false } }
  for _, place in ipairs(places) do
    for _, name in ipairs(place[1] and sw.fs.list(place[1]) or {}) do
      local id = name:match("^(%l[%l%d%-]*)%.lua$")
      if id and not seen[id] then
        seen[id] = true
        list[#list + 1] = { id = id, path = place[1] .. "/" .. name, own = place[2] }
      end
    end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

local function check_figure(list, where, metric, unit)
  local known, why = data.metric(metric)
  if not known or known.name ~= metric then
    list[#list + 1] = ("%s: %s"):format(where, why or ("write '%s' for '%s'"):format(known.name, metric))
  elseif unit and not sw.store.convert(1, unit, known.unit) then
    list[#list + 1] = ("%s: '%s' does not become '%s', the unit of %s"):format(where, unit,
      known.unit, metric)
  end
end

-- What a declaration says that only the engine can judge: its name, metrics and their units.
function providers.problems(d, id)
  local list = {}
  if d.id ~= id then
    list[1] = ("its id is '%s'; it must be '%s', as the file is called"):format(d.id, id)
  end
  for name, read in pairs(d.reads or {}) do
    local where = "reads." .. name
    for metric, m in pairs((read.days or {}).values or {}) do
      check_figure(list, where .. ".days", metric, type(m) == "table" and m.unit or nil)
    end
    local series = read.series or {}
    for _, one in ipairs(#series > 0 and series or read.series and { series } or {}) do
      check_figure(list, where .. ".series", one.metric or name, one.unit)
    end
  end
  table.sort(list)
  return list
end

local function load(ctx, file)
  local source, message = sw.fs.read(file.path, 65537)
  if not source or #source > 65536 then
    local why = source and "the file is over 64 KB" or message
    return nil, ("providers/%s.lua: %s"):format(file.id, why), "bad"
  end
  local p = { id = file.id, own = file.own, script = "providers/" .. file.id .. ".lua",
    package = (file.own and "own-provider/" or "provider/") .. file.id, source = source }
  local results, why, code = scripts.load(ctx.name, p.package, { { name = p.script, source = source } },
    ctx)
  if not results then
    return nil, why, code
  end
  local r = results[1]
  local d = r.ok and r.out.declaration
  if not d or d.kind ~= "provider" then
    return nil, r.ok and p.script .. ": this is no provider: return sw.provider { ... }"
      or r.error.text or r.error.message, "bad"
  end
  local wrong = providers.problems(d, file.id)[1]
  if wrong then
    return nil, p.script .. ": " .. wrong, "bad"
  end
  p.declaration = d
  return p
end

function providers.get(ctx, id)
  local names = {}
  for _, file in ipairs(files(ctx)) do
    names[#names + 1] = file.id
    if file.id == id then
      return load(ctx, file)
    end
  end
  return nil, ("there is no provider '%s'%s; `syncwell providers` lists them"):format(tostring(id),
    schema.did_you_mean(tostring(id), names)), "usage"
end

-- All of them: { provider } or { id, error } each.
function providers.all(ctx)
  local list = {}
  for _, file in ipairs(files(ctx)) do
    local p, message = load(ctx, file)
    list[#list + 1] = p or { id = file.id, own = file.own, error = message }
  end
  return list
end

return providers
