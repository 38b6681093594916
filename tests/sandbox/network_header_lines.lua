-- attack: network as provider, 100 ms
-- ends: value 0
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    local reached = 0
    for name, value in pairs { ["X-A"] = "a\r\nX-B: b", ["X-C"] = "c\nd", ["X-D"] = "d\0e", ["X E"] = "e", ["X-F\r\nX-G"] = "f",
      [""] = "g", ["X:H"] = "h" } do
      local ok, res = pcall(acct.request, { path = "/", headers = { [name] = value } })
      if ok and res then reached = reached + 1 end
    end
    print(reached)
  end } } }
