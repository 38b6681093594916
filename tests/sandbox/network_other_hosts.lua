-- attack: network as provider, 100 ms
-- ends: value 0 //example.com/
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    local reached = 0
    for _, path in ipairs {
      "https://example.com/", "http://example.com:80/", "//example.com/", "http://localhost.example.com/",
      "http://EXAMPLE.com", "http://localhost@example.com/", "http://example.com#localhost", "http:\\\\example.com",
      "https:///example.com", "http://localhost%2eexample.com/", "http://127.0.0.1.nip.io/"
    } do
      local ok, res = pcall(acct.request, { path = path })
      if ok and res then reached = reached .. ' ' .. path end
    end
    print(reached)
  end } } }
