-- attack: escape, 100 ms
-- ends: error forged
-- The key that marks the library's own errors is found by looking; what it marks must be cleaned all the same.
local ok, e = pcall(require("syncwell").rule, { on = "workout.created" })
local mark
for key in next, e do mark = type(key) == "table" and key or mark end
error({ [mark] = true, message = "\27[2Jforged\u{202e}", script = "rules/other.lua\27", line = 7, column = 1, hint = "\27" }, 0)
