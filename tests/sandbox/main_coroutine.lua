-- attack: information, 100 ms
-- ends: value true
local co, main = coroutine.running()
return main and not pcall(coroutine.resume, {}) and select(2, coroutine.resume(co)):find("non%-suspended") ~= nil
