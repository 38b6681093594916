-- The requests the server knows: paths to lua/api/<resource>.lua, each a function (ctx, request) that
-- gives status, headers, body.
--   api.handle(ctx, { method = "GET", path = "/healthz" }) --> 200, { ... }, '{"status":"ok"}'
local json = sw.json

local api = {}

local routes = {
  { "^/healthz$", "health" }, { "^/metrics$", "metrics" }, { "^/calendar/([%x]+)%.ics$", "calendar" },
  { "^/in/([%w_%-]+)$", "inbox", POST = true }, { "^/hook/([%w_%-]+)$", "hook", GET = true, POST = true },
  { "^/trigger/([%w_%-]+)/[%w_%-]+$", "trigger", POST = true }, { "^/callback$", "callback" },
  { "^/button/([%w_%-]+)$", "button", GET = true, POST = true },
}

local function takes(route, method)
  if route.GET or route.POST then
    return route[method]
  end
  return method == "GET"
end

local function problem(status, title, detail)
  return status, { ["Content-Type"] = "application/problem+json" },
    json.encode { type = "about:blank", title = title, status = status, detail = detail }
end

function api.handle(ctx, request)
  for _, r in ipairs(routes) do
    local word = request.path:match(r[1])
    if word and not takes(r, request.method) then
      return problem(405, "Method not allowed", r.POST and "POST" or "only GET")
    elseif word then
      return require("api." .. r[2])(ctx, request, word)
    end
  end
  return problem(404, "Not found", "there is nothing at this address")
end

-- A page of a stranger can point a name of its own at this machine (DNS rebinding): only our own names
-- are answered, and that of public_url when a proxy stands in front. A number is nobody's name: where other
-- machines may ask, it is as good.
local function known_host(ctx, host)
  local name = (host or ""):lower():gsub(":%d+$", "")
  local public = (ctx.config.public_url or ""):lower():match("^https?://([^/:]+)")
  if ctx.public and (name:find("^%d+%.%d+%.%d+%.%d+$") or name:find("^%[[%x:.]+%]$")) then
    return true
  end
  return name == "127.0.0.1" or name == "localhost" or name == "[::1]" or (public ~= nil and name == public)
end

-- One request as a task: whatever goes wrong is logged here and never told to the client.
function api.serve(ctx, request, answer)
  local own_proof = request.path:find("^/in/") or request.path:find("^/hook/")
    or request.path:find("^/trigger/") or request.path:find("^/button/") -- the address is a secret
  if not own_proof and not known_host(ctx, request.headers.host) then
    return answer(problem(403, "Forbidden", "this name is not ours; set public_url in config.lua"))
  end
  local ok, status, headers, body = pcall(api.handle, ctx, request)
  if not ok then
    sw.sys.log("error", "http", tostring(status))
    status, headers, body = problem(500, "Internal error")
  elseif not status then
    status, headers, body = problem(404, "Not found", "there is nothing at this address")
  end
  answer(status, headers, body)
end

return api
