-- Processes of this machine: does the one that holds something still live?
--   process.started(pid) --> when it began, in ticks since boot (a text) | nil: there is none, or it was
--   killed and nobody took note (the first process of a container often does not)
--   process.name() --> "1234.567890.c0ffee", a name for what we hold;  process.is_dead(name)
local process = {}

function process.started(pid)
  local stat = sw.fs.read(("/proc/%d/stat"):format(pid), 4096)
  local fields = stat and stat:match("^%d+ %b() (.+)$")
  local n = 0
  for field in (fields or ""):gmatch("%S+") do
    n = n + 1
    if n == 1 and (field == "Z" or field == "X") then
      return nil
    elseif n == 20 then
      return field
    end
  end
end

function process.name()
  local pid = sw.sys.pid()
  return ("%d.%s.%s"):format(pid, process.started(pid) or "", sw.sys.random(6))
end

function process.is_dead(name)
  local pid, started = name:match("^(%d+)%.(%d+)%.%x+$")
  return pid ~= nil and process.started(tonumber(pid)) ~= started
end

return process
