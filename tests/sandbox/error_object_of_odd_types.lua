-- attack: escape, 100 ms
-- ends: error (an error without words)
local ok, e = pcall(require("syncwell").rule, { on = "workout.created" })
local mark
for key in next, e do mark = type(key) == "table" and key or mark end
error({ [mark] = true, message = {}, script = {}, line = {}, column = {}, hint = print }, 0)
