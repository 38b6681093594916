-- POST /in/SECRET: a document of a phone app. It is on disk before the answer goes out.
local home = require("home")
local post = require("post")

local MOST = 32 << 20

return function(ctx, request, word)
  local person, connection = post.find(word)
  if not person then
    return nil -- as if there were nothing: an address is its own proof
  elseif #request.body == 0 or #request.body > MOST then
    return #request.body == 0 and 400 or 413, { ["Content-Type"] = "application/json" },
      '{"error":"a JSON document of at most 32 MB"}'
  end
  local theirs = setmetatable({ who = person.id, name = person.name, zone = person.zone }, { __index = ctx })
  local ok, message, code = post.keep(theirs, connection, request.body)
  if code == "full" then
    sw.sys.log("error", "http", message)
    return 507, { ["Content-Type"] = "application/json" }, '{"error":"the inbox is full"}'
  elseif not ok then
    error(message, 0)
  end
  if home.setting(theirs, "paused").at == nil then
    sw.sys.wake("posted")
  end
  return 200, { ["Content-Type"] = "application/json" }, '{"status":"stored"}'
end
