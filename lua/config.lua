-- config.lua of the home: one closed table, evaluated in a worker without any host call.
--   return { log_level = "info", channels = { file = { path = "/var/log/notes.log" } } }
local channels = require("channels")
local notices = require("notices")
local schema = require("schema")
local wording = require("wording")

local config = {}

local shape = {
  listen = "string", public_url = "string", log_level = "string",
    retention = { raw_days = "number", raw_mb = "number", raw_connection_mb = "number", run_days = "number",
      undo_days = "number", trace_days = "number" },
  limits = { memory_mb = "number", rule_ms = "number", disk_free_mb = "number",
    allow_unconfined = "boolean" },
  channels = "table", -- each says its own settings: lua/notify
  local_hosts = "table", -- machines of one's own network that rules may ask: ["host:port"] = "own"
  words = "table", -- a person's own words for messages: lua/wording.lua
  notices = notices.shape(), -- what SyncWell itself tells; false turns one off
}

local levels = { debug = true, info = true, warn = true, error = true }

local MEMORY_LEAST_MB, MEMORY_MOST_MB = 4, 4096

-- Also for whoever checks that each of them is told of.
function config.shape()
  if shape.channels == "table" then
    shape.channels = { default = "string" }
    for name, settings in pairs(channels.settings()) do
      shape.channels[name] = {}
      for key, setting in pairs(settings) do
        shape.channels[name][key] = setting[1]
      end
    end
  end
  return shape
end

local function run(source)
  local results, message = sw.box.run("config", "config", {
    { spec = { op = "script", script = "config.lua", source = source }, cpu_ms = 500 },
  })
  if not results then
    return nil, message
  end
  local r = results[1]
  if not r.ok then
    return nil, r.error and (r.error.text or r.error.message) or "config.lua: stopped"
  end
  local first = r.out and r.out.values and r.out.values[1]
  if not first or first.type ~= "table" then
    return nil, "config.lua: it must return one table: return { log_level = \"info\" }"
  end
  return first.value
end

-- The administrator's own file runs even where the box cannot be sealed: it is the place that allows that.
-- A box opened for it is closed again, before any stranger's script.
local function evaluate(source)
  if sw.box.confinement() ~= "not started" then
    return run(source)
  end
  sw.box.configure { allow_unconfined = true }
  local value, message = run(source)
  sw.box.close()
  sw.box.configure {}
  return value, message
end

local applied -- the limits that the box was opened with, as one text

-- What the box is opened with; a box that is open keeps what it has until the program is started anew.
local function apply(limits)
  local mb, open = limits.memory_mb, limits.allow_unconfined
  local text = ("%s %s"):format(mb, open)
  if sw.box.confinement() == "not started" then
    sw.box.configure { memory_mb = mb, allow_unconfined = open }
    applied = text
  elseif text ~= applied then
    sw.sys.log("warn", "config", "limits.memory_mb and limits.allow_unconfined count from the next start")
  end
end

local function retention_problem(retention)
  for _, name in ipairs { "raw_days", "run_days", "undo_days", "trace_days" } do
    local days = retention[name]
    if days and not (days >= (name == "run_days" and 1 or 0) and days <= 36500) then
      return ("config.lua: retention.%s is a number of days from %d on, not %s"):format(name,
        name == "run_days" and 1 or 0, days)
    end
  end
  for _, name in ipairs { "raw_mb", "raw_connection_mb" } do
    local mb = retention[name]
    if mb and not (mb >= 1 and mb <= 1048576) then
      return ("config.lua: retention.%s is a number of megabytes from 1 to 1048576, not %s"):format(name, mb)
    end
  end
end

local function limits_problem(limits)
  local mb = limits.memory_mb
  if mb and not (mb >= MEMORY_LEAST_MB and mb <= MEMORY_MOST_MB) then
    return ("config.lua: limits.memory_mb is a number from %d to %d, not %s"):format(MEMORY_LEAST_MB,
      MEMORY_MOST_MB, mb)
  elseif limits.rule_ms and not (limits.rule_ms >= 1 and limits.rule_ms <= 60000) then
    return ("config.lua: limits.rule_ms is a number from 1 to 60000, not %s"):format(limits.rule_ms)
  end
end

-- nil when all is well (ctx.config is set), else a sentence and a code.
function config.load(ctx)
  local path = ctx.home .. "/config.lua"
  local source = sw.fs.stat(path) and sw.fs.read(path, 65536)
  ctx.config = source and ctx.config or {} -- what was good stays until something good replaces it
  if not source then
    return nil
  end
  local value, message = evaluate(source)
  if not value then
    return message, "usage"
  end
  local problem = schema.check(value, config.shape(), "config.lua")
  if not problem and value.log_level and not levels[value.log_level] then
    problem = ("config.lua: log_level '%s' is none of debug, info, warn, error"):format(value.log_level)
  end
  problem = problem or wording.problem(value.words or {}) or retention_problem(value.retention or {})
    or limits_problem(value.limits or {})
  if problem then
    return problem, "usage"
  end
  apply(value.limits or {})
  if value.log_level then
    sw.sys.log_level(value.log_level)
  end
  ctx.config = value
end

return config
