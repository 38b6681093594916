-- attack: information, 100 ms
-- ends: value true
local texts = { tostring({}), tostring(print), tostring(coroutine.create(print)), ("%s"):format({}),
  ("%s"):format(print), tostring(function() end), select(2, pcall(error, {})) and "" }
for _, text in ipairs(texts) do assert(not text:find("0x") and not text:find("%x%x%x%x%x%x"), text) end
return not pcall(string.format, "%p", {})
