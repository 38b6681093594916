-- attack: network as provider, 100 ms
-- ends: value 0
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    local reached = 0
    for _, path in ipairs {
      "file:///etc/passwd", "FILE:///etc/passwd", "gopher://localhost/", "ftp://localhost/", "dict://localhost/",
      "ldap://localhost/", "unix:///run/x", "data:text/plain,x", "javascript:1", "ws://localhost/", "smtp://localhost/"
    } do
      local ok, res = pcall(acct.request, { path = path })
      if ok and res then reached = reached .. ' ' .. path end
    end
    print(reached)
  end } } }
