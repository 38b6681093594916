-- attack: information, 100 ms
-- ends: value true
local seen = left_by_another_run
left_by_another_run = "secret"
return seen == nil and rawget(_G, "PROBE") == nil
