-- attack: memory, 1000 ms
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
-- ends: error x
local function f(n)
  local ok, e = pcall(error, ("x"):rep(n))
  return f(#e * 2)
end
return f(1000)
