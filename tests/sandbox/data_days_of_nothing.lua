-- attack: data as provider, 100 ms
-- ends: value kept 0 records, 0 days, 0 columns; refused: 1 there is no metric 'steps; DROP TABLE doc', 1 weight in 'furlong', which is no kg, 3 a day without a date, 3 steps of a day that is no number
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    out.day("2025-05-30", "steps", 0 / 0)
    out.day("2025-05-30", "steps", 1 / 0)
    out.day("0000-00-00", "steps", 1)
    out.day("9999-99-99", "steps", 1)
    out.day("2025-05-30", "steps; DROP TABLE doc", 1)
    out.day("2025-05-30", "weight", 1, "furlong")
    out.day({}, "steps", 1)
    out.day("2025-05-30", "steps", "1")
  end } } }
