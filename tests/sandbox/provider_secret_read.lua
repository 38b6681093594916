-- attack: escape as provider, 100 ms
-- ends: error 6: acct has no 'secrets'
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost",
  auth = sw.key { header = "X-Key", secret = "api_key" }, secrets = { api_key = "x" }, poll = "1h",
  reads = { all = { fetch = function(acct) print(acct.secrets.api_key) end } } }
