-- attack: data as provider, 2000 ms
-- ends: value 2000
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    local refused = 0
    for _ = 1, 3000 do
      local _, e = pcall(acct.request, { path = "file:///x" })
      refused = refused + (tostring(type(e) == "table" and e.message or e):find("more than 1000 calls", 1, true) and 1 or 0)
    end
    print(refused)
  end } } }
