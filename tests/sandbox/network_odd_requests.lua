-- attack: network as provider, 100 ms
-- ends: value 0 1 7
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    local reached = 0
    for _, request in ipairs { {}, { path = 5 }, { path = {} }, { path = "/", method = "X\r\nY" }, { path = "/", method = {} },
      { path = "/", headers = 5 }, { path = "/", headers = { 5 } }, { path = "/", query = 5 }, { path = "/\r\nX: y" }, { path = "/\0" },
      { path = "/", body = {} } } do
      local ok, res = pcall(acct.request, request)
      if ok and res then reached = reached .. ' ' .. _ end
    end
    print(reached)
  end } } }
