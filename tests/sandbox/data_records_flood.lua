-- attack: data as provider, 5000 ms
-- ends: error more than 1000 calls in one run
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    for i = 1, 30000 do
      out.record { kind = "note", id = "n" .. i, start = window.from }
    end
  end } } }
