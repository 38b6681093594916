-- attack: crash, 100 ms
-- ends: value true
local co
co = coroutine.create(function() return coroutine.resume(co) end)
local ok, inner, why = coroutine.resume(co)
local wrapped
wrapped = coroutine.wrap(function() return wrapped() end)
return ok and not inner and why:find("non-suspended", 1, true) ~= nil and not pcall(wrapped) and not coroutine.resume(co)
