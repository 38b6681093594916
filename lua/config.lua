-- config.lua of the home: one closed table, evaluated in a worker without any host call.
--   return { log_level = "info", channels = { file = { path = "/var/log/notes.log" } } }
local notices = require("notices")
local schema = require("schema")

local config = {}

local shape = {
  listen = "string", database = "string", public_url = "string", log_level = "string",
    retention = { raw_days = "number", run_days = "number" },
  limits = { memory_mb = "number", rule_ms = "number", allow_unconfined = "boolean" },
  channels = { default = "string", file = { path = "string" }, ntfy = { url = "string", token = "string" },
    webhook = { url = "string" },
    mqtt = { url = "string", topic = "string", qos = "number", user = "string", password = "string",
      ca_file = "string" },
    email = { url = "string", user = "string", password = "string", from = "string", to = "string",
      starttls = "string", ca_file = "string" } },
  notices = notices.shape(), -- what SyncWell itself tells; false turns one off
}

local levels = { debug = true, info = true, warn = true, error = true }

local function evaluate(source)
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
  local problem = schema.check(value, shape, "config.lua")
  if not problem and value.log_level and not levels[value.log_level] then
    problem = ("config.lua: log_level '%s' is none of debug, info, warn, error"):format(value.log_level)
  end
  local days = (type(value.retention) == "table" and value.retention or {}).run_days
  if not problem and days and not (days >= 1 and days <= 36500) then
    problem = ("config.lua: retention.run_days is a number of days from 1 on, not %s"):format(days)
  end
  if problem then
    return problem, "usage"
  end
  if value.log_level then
    sw.sys.log_level(value.log_level)
  end
  ctx.config = value
end

return config
