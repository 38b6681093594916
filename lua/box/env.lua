-- The world a script sees: an allow-list of globals, fresh tables for each script.
--   local env = require("env").new("rules/automations/x.lua")
-- What is not listed here does not exist for scripts; a test compares it with a committed list.
-- luacheck: read globals core load_text where
local clock = require "clock"
local errors = require "errors"

local env = {}

local plain = { "assert", "error", "ipairs", "next", "pairs", "select", "tonumber", "type", "rawequal",
  "rawget", "rawlen", "rawset", "_VERSION", "pcall", "xpcall", "setmetatable", "getmetatable", "tostring" }

local MAX_LINES, MAX_LOG, MAX_LINE = 100, 16384, 2048

-- Add a line to the log of the current run; what is too much is counted, not kept.
function env.log(text)
  local current = core.current()
  if not current then
    return
  end
  local out = current.out
  local log = out.log or {}
  out.log = log
  local size = (current.log_bytes or 0) + math.min(#text, MAX_LINE)
  if #log >= MAX_LINES or size > MAX_LOG then
    out.log_dropped = (out.log_dropped or 0) + 1
    return
  end
  current.log_bytes = size
  log[#log + 1] = errors.clean(text:sub(1, MAX_LINE))
end

local function print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    parts[i] = tostring(parts[i])
  end
  env.log(table.concat(parts, "\t"))
end

local function copy(from)
  local to = {}
  for key, value in pairs(from) do
    to[key] = value
  end
  return to
end

local function load_in(e)
  return function(chunk, _, mode, custom)
    if type(chunk) ~= "string" then
      error("load takes a text", 2)
    elseif mode ~= nil and mode ~= "t" and mode ~= "bt" then
      return nil, "load takes source text only"
    elseif chunk:byte(1) == 27 then
      return nil, "load takes source text, no bytecode"
    end
    return load_text(chunk, "=(load)", custom or e)
  end
end

local function require_in(library)
  return function(name)
    if name == "syncwell" then
      return library
    end
    error("module '" .. tostring(name) .. "' is not there: a script can require only \"syncwell\"", 2)
  end
end

function env.new()
  local e = {}
  for _, name in ipairs(plain) do
    e[name] = _ENV[name]
  end
  for _, name in ipairs { "string", "table", "coroutine", "utf8", "math" } do
    e[name] = copy(_ENV[name])
  end
  e._G = e
  e.os = { time = clock.time, date = clock.date, difftime = clock.difftime, clock = core.cpu }
  e.print = print
  e.load = load_in(e)
  e.require = require_in(copy(require "syncwell"))
  return e
end

return env
