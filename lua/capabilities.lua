-- What a script may do, as its declaration says it: a sorted list of short texts that can be compared,
-- shown in words and enforced. A rule or provider that does not say what it reads or writes may read or
-- write everything, and that is what is shown.
--   local may = capabilities.of(declaration)     --> { "read:steps", "read:workout", "uses:notify" }
--   capabilities.words(may)                   --> { "read your steps and workout", "send you notifications" }
--   capabilities.wider(new, old)              --> what new may and old may not
local capabilities = {}

local function triggers_of(d)
  local on = type(d.on) == "table" and d.on or {}
  return on.kind == "any" and type(on.of) == "table" and on.of or { on }
end

-- Of the engine, or of another rule: nothing that a person keeps is in it by itself.
local own_work = { backup = true, backfill = true, job = true, rule = true }

-- What the triggers themselves show a rule: the record of an event, the metric of a threshold.
function capabilities.shown_by(trigger)
  local kind = type(trigger.event) == "string" and trigger.event:match("^(%l+)%.")
  return not own_work[kind] and (kind or trigger.metric or trigger.records) or nil
end

local function rule(add, d)
  for _, grant in ipairs(d.uses or {}) do
    add(grant:find("^http:") and "host:" .. grant:sub(6) or "uses:" .. grant)
  end
  for _, name in ipairs(d.reads or { "*" }) do
    add("read:" .. name)
  end
  for _, t in ipairs(triggers_of(d)) do
    local seen = capabilities.shown_by(t)
    if type(seen) == "string" then
      add("read:" .. seen)
    end
  end
end

local function metrics_of(add, name, read)
  for metric in pairs((read.days or {}).values or {}) do
    add("write:" .. metric)
  end
  local series = read.series or {}
  for _, one in ipairs(#series > 0 and series or read.series and { series } or {}) do
    add("write:" .. (one.metric or name))
  end
  for metric in pairs((read.detail or {}).streams or {}) do
    if metric ~= "time" then
      add("write:" .. metric)
    end
  end
  for metric in pairs((read.detail or {}).pairs or {}) do
    add("write:" .. metric)
  end
end

-- A hook can hand over what no map shows: unless the script lists what it writes, that is anything.
local function open_ended(d)
  if d.posts then
    return true
  end
  for _, read in pairs(d.reads or {}) do
    if read.parse or read.fetch then
      return true
    end
  end
end

local function provider(add, d)
  for _, host in ipairs(d.hosts or {}) do
    add("host:" .. host)
  end
  if d.self_hosted then
    add("host:the address you give")
  end
  for what in pairs(d.writes or {}) do
    add("send:" .. what)
  end
  for _, name in ipairs(d.metrics or open_ended(d) and { "*" } or {}) do
    add("write:" .. name)
  end
  for name, read in pairs(d.reads or {}) do
    metrics_of(add, name, read)
    if read.map then
      add("write:" .. (read.kind or "workout"))
    end
  end
end

function capabilities.of(d)
  local seen, list = {}, {}
  local function add(atom)
    if not seen[atom] then
      seen[atom] = true
      list[#list + 1] = atom
    end
  end
  if d.kind == "provider" then
    provider(add, d)
  else
    rule(add, d)
  end
  table.sort(list)
  return list
end

-- May the script of this declaration read or write (`what`) this metric or kind of record?
function capabilities.allows(d, what, name)
  for _, atom in ipairs(capabilities.of(d)) do
    if atom == what .. ":*" or atom == what .. ":" .. name then
      return true
    end
  end
  return false
end

local function covers(old, atom)
  local what = atom:match("^(%l+):")
  for _, have in ipairs(old) do
    if have == atom or have == what .. ":*" then
      return true
    end
  end
end

function capabilities.wider(new, old)
  local list = {}
  for _, atom in ipairs(new) do
    if not covers(old, atom) then
      list[#list + 1] = atom
    end
  end
  return list
end

-- --- in words ---

local grants = { ["calendar:write"] = "write calendar entries", notify = "send you notifications",
  ["record:write"] = "add and tag records", ["sync:start"] = "start a sync",
  ["rule:fire"] = "fire your other rules", ["task:write"] = "write tasks",
  ["mqtt:publish"] = "publish MQTT messages", http = "ask the hosts it names" }

local sentences = {
  { "read", "read all of your data", "read your %s" }, { "write", "bring any kind of data", "bring %s" },
  { "host", nil, "talk to %s" }, { "send", nil, "send out your %s" },
}

local function joined(list)
  local last = table.remove(list)
  return #list > 0 and table.concat(list, ", ") .. " and " .. last or last
end

local function named(may, what)
  local list = {}
  for _, atom in ipairs(may) do
    local name = atom:match("^" .. what .. ":(.*)$")
    list[#list + 1] = name and sw.sys.clean((name:gsub("_", " "))) or nil
  end
  return list
end

function capabilities.words(may)
  local out = {}
  for _, s in ipairs(sentences) do
    local names, all = named(may, s[1]), false
    for _, name in ipairs(names) do
      all = all or name == "*"
    end
    if #names > 0 then
      out[#out + 1] = all and s[2] or s[3]:format(joined(names))
    end
  end
  for _, atom in ipairs(may) do
    local grant = atom:match("^uses:(.*)$")
    if grant then
      out[#out + 1] = grants[grant] or sw.sys.clean(grant)
    end
  end
  return out
end

-- One line: "read your steps; send you notifications", or that there is nothing.
function capabilities.line(may)
  local words = capabilities.words(may)
  return #words > 0 and table.concat(words, "; ") or "do nothing but answer"
end

return capabilities
