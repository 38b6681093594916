-- attack: crash, 100 ms
-- ends: killed crashed its worker
-- ends: error used more than 100 ms of CPU time
-- A __concat that grows the stack: a stale pointer in Lua 5.4.4. Set after setmetatable, because
-- setmetatable refuses it.
local mt = {}
local t = setmetatable({}, mt)
local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
mt.__concat = function() deep(15000) return "x" end
local s = "a"
for _ = 1, 50 do
  local co = coroutine.wrap(function()
    return s .. t .. s .. t .. s .. t .. s .. t .. s .. t
  end)
  co()
end
return "survived"
