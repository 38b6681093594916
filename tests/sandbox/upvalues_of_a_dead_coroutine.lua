-- attack: crash, 100 ms
-- ends: value 42
local get
local co = coroutine.create(function()
  local kept = 42
  get = function() return kept end
  error("dead")
end)
coroutine.resume(co)
for _ = 1, 2000 do coroutine.create(print) end
return get()
