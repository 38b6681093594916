-- attack: network as provider, 100 ms
-- ends: value 0
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    local reached = 0
    for _, path in ipairs {
      "http://0/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://[::1]/",
      "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://0.0.0.0/", "http://[::]/", "http://user:pw@127.0.0.1/",
      "http://[64:ff9b::7f00:1]/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[fe80::1]/"
    } do
      local ok, res = pcall(acct.request, { path = path })
      if ok and res then reached = reached .. ' ' .. path end
    end
    print(reached)
  end } } }
