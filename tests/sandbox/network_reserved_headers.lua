-- attack: network as provider, 100 ms
-- ends: value 0
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    local reached = 0
    for _, name in ipairs { "Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "Proxy-Authorization" } do
      local ok, res = pcall(acct.request, { path = "/", headers = { [name] = "x.example" } })
      if ok and res then reached = reached + 1 end
    end
    print(reached)
  end } } }
