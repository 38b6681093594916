-- GET /callback: where a service sends the browser back after sign-in.
local oauth = require("oauth")
local providers = require("providers")
local signin = require("signin")

local PAGE = "<!doctype html><meta charset=utf-8><title>SyncWell</title><p>%s</p>"

local function page(status, text)
  return status, { ["Content-Type"] = "text/html; charset=utf-8" },
    PAGE:format((sw.sys.clean(text):gsub("[<>&\"]", { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;",
      ["\""] = "&quot;" })))
end

local function take(ctx, params)
  local done, message, code = oauth.finish(ctx, params.state, params, function(id)
    return providers.get(ctx, id)
  end)
  local c
  if done then
    c, message, code = signin.keep(ctx, done.provider, done)
  end
  oauth.settle(ctx, params.state, c and { connection = c.id } or { error = message, code = code })
  return c, message
end

return function(ctx, request)
  local params = request.query
  for _, p in ipairs(params.state and sw.store.people() or {}) do
    local theirs = setmetatable({ who = p.id, name = p.name, zone = p.zone }, { __index = ctx })
    if sw.store.sealed(p.id, "signin:" .. params.state) then
      local c, why = take(theirs, params)
      sw.sys.wake("signed in")
      return page(c and 200 or 400, c and "Connected. You can close this page." or why)
    end
  end
  return page(400, "This sign-in is not known here, or is over half an hour old.")
end
