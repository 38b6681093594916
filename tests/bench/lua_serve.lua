-- G11 through the Lua API: /healthz answers 1 kB to who has the token; everything else is as it is served.   BODY TOKEN
local body, token = ...
local wanted = sw.sys.hash(token)

package.loaded["api.health"] = function(_, request)
  local given = (request.headers.authorization or ""):match("^Bearer (.+)$")
  if not given or not sw.crypto.equal(sw.sys.hash(given), wanted) then
    return 401, { ["Content-Type"] = "application/json" }, "{}"
  end
  return 200, { ["Content-Type"] = "application/json" }, body
end

local api = require("api")
local ctx = { config = {} }
bench.say(tostring(assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
  api.serve(ctx, request, answer)
end))))
local before = bench.cpu()
sw.sys.on_signal(function()
  bench.say(('{"cpu_s": %.6f}'):format(bench.cpu() - before))
  os.exit(0)
end)
while true do
  sw.sys.sleep(60000, true)
end
