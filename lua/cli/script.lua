-- syncwell script run FILE: a plain Lua file as a stranger's script, in a confined worker.
--   syncwell script run try.lua --time 1s --memory 64MB
local term = require("term")

local json = sw.json

local command = {
  group = "rules", summary = "run a Lua file in a confined worker",
    usage = "run FILE [--time 1s] [--memory 64MB]", needs_home = false,
  example = "syncwell script run try.lua --time 500ms",
  doc = "The file sees what any stranger's script sees: no files, no network, limited time and "
    .. "memory.\nPrints what it returns; exit 1 and one error if it is stopped.",
  options = {
    time = { value = "TIME", doc = "CPU time it may use (default 1s)" },
    memory = { value = "SIZE", doc = "memory it may use (default 32MB)" },
    grant = { value = "CAP", list = true, doc = "kept for capabilities of later versions" },
  },
}

local function milliseconds(text)
  local n, unit = text:match("^(%d+%.?%d*)(m?s)$")
  local ms = n and tonumber(n) * (unit == "s" and 1000 or 1)
  return ms and ms >= 1 and ms <= 600000 and math.floor(ms) or nil
end

local function megabytes(text)
  local n, unit = text:upper():match("^(%d+%.?%d*)([KMG])B?$")
  local mb = n and tonumber(n) * ({ K = 1 / 1024, M = 1, G = 1024 })[unit]
  return mb and mb >= 1 and mb <= 4096 and mb or nil
end

local function read(path)
  local source, message = sw.fs.read(path, 65537)
  if not source then
    return nil, message
  elseif #source > 65536 then
    return nil, ("%s is over 64 KB: a script is smaller"):format(path)
  end
  return source
end

local function print_result(r, options)
  local values = r.out and r.out.values or {}
  if options.json then
    local list = {}
    for i, v in ipairs(values) do
      list[i] = v.value == nil and json.null or v.value
    end
    term.line("%s", json.encode { values = json.list(list), log = json.list(r.out and r.out.log or {}) })
    return
  end
  for _, line in ipairs(r.out and r.out.log or {}) do
    term.line("%s", sw.sys.clean(type(line) == "table" and line.text or tostring(line)))
  end
  for _, v in ipairs(values) do
    -- JSON leaves marks that turn text around as they are
    term.line("%s", v.type == "table" and sw.sys.clean(json.encode(v.value, true), true) or v.text)
  end
end

function command.run(ctx, words, options)
  if words[1] ~= "run" or not words[2] then
    return nil, "usage: syncwell script run FILE", "usage"
  end
  local time, memory = milliseconds(options.time or "1s"), megabytes(options.memory or "32MB")
  if not time then
    return nil, ("--time '%s' is not a time like 500ms or 2s"):format(options.time), "usage"
  elseif not memory then
    return nil, ("--memory '%s' is not a size like 64MB"):format(options.memory), "usage"
  end
  local source, message = read(words[2])
  if not source then
    return nil, message
  end
  sw.box.configure { memory_mb = memory }
  local name = words[2]:match("([^/]+)$")
  local results, why, code = sw.box.run("me", "script", { { spec = { op = "script", script = name,
    source = source }, cpu_ms = time } })
  if not results then
    return nil, why, code
  end
  local r = results[1]
  if not r.ok then
    local text = r.error and (r.error.text or r.error.message) or "stopped"
    if ctx.json then
      term.line("%s", json.encode { error = { message = text, script = r.error.script,
        line = r.error.line } })
    end
    term.error(text)
    return 1
  end
  print_result(r, options)
  return 0
end

return command
