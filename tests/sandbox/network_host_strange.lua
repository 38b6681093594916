-- attack: network as provider, 100 ms
-- ends: error 4: 'base' in provider must be an address
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "*" }, base = "http://*", poll = "1h",
  reads = { all = { fetch = function(acct) acct.request { path = "http://127.0.0.1/" } end } } }
