-- What a rule asks of a host that it declared (uses = { "http:api.example.com" }), by the guarded client.
--   requests.problem(ctx, rule, args)     --> nil, or why it may not be sent
--   requests.may_repeat(args)             GET and HEAD, and what goes under a key that the receiver honours
--   requests.send(ctx, rule, args, key)   --> { status, headers, text } | nil, message, code, reached
-- https and port 443 unless the grant names a port; machines of one's own network and plain http only where
-- config.lua lists them: local_hosts = { ["127.0.0.1:8080"] = "own" } (own, shipped, or a package's name).
local url = require("url")

local json = sw.json
local requests = {}

local BODY_MOST, TIMEOUT_MS = 256 << 10, 30000
local methods = { GET = true, HEAD = true, POST = true, PUT = true, PATCH = true, DELETE = true }
local ours = { host = true, ["content-length"] = true, ["transfer-encoding"] = true, connection = true,
  ["idempotency-key"] = true }

local function method_of(args)
  local method = args.method or (args.body or args.json) and "POST" or "GET"
  return type(method) == "string" and method:upper() or "?"
end

function requests.may_repeat(args)
  local method = method_of(args)
  return method == "GET" or method == "HEAD" or args.key ~= nil or args.on_unknown == "resend"
end

local function package_of(rule)
  return (rule.package or ""):match("^package/(.*)$") or rule.from or rule.shipped and "shipped" or "own"
end

-- "host" and "host:port" of an address as grants and config.lua write them, and its scheme.
local function place_of(address)
  local origin = url.origin(address)
  local scheme, rest = (origin or ""):match("^(%a+)://(.+)$")
  return scheme, rest and rest:gsub(scheme == "https" and ":443$" or ":80$", "") or nil
end

local function granted(rule, place)
  for _, grant in ipairs(rule.declaration.uses or {}) do
    if grant:lower() == "http:" .. place then
      return true
    end
  end
end

local function is_local(ctx, rule, place)
  local listed = ctx.config and ctx.config.local_hosts or {}
  return listed[place] == package_of(rule)
end

local function headers_problem(headers)
  for name, value in pairs(headers or {}) do
    if type(name) ~= "string" or type(value) ~= "string" then
      return "headers of a request are texts"
    elseif ours[name:lower()] then
      return ("the header '%s' is written by SyncWell"):format(name:lower())
    end
  end
end

local function shape_problem(args)
  if type(args) ~= "table" or type(args.url) ~= "string" or args.url:find("[%c%s\\]") then
    return "it has no address"
  elseif not methods[method_of(args)] then
    return ("'%s' is no method of a request"):format(tostring(args.method):sub(1, 20))
  elseif args.body ~= nil and type(args.body) ~= "string" then
    return "its body is a text"
  elseif args.headers ~= nil and type(args.headers) ~= "table" then
    return "headers of a request are texts"
  elseif args.key ~= nil and (type(args.key) ~= "string" or not args.key:find("^[%w_.:%-]+$")) then
    return "its key is a text of letters, digits and . _ : -"
  end
  return headers_problem(args.headers)
end

function requests.problem(ctx, rule, args)
  local problem = shape_problem(args)
  if problem then
    return problem
  end
  local scheme, place = place_of(args.url)
  if not place then
    return "it goes to http or https addresses only"
  elseif not granted(rule, place) then
    return ('this rule does not say that it talks to %s; add the line: uses = { "http:%s" }'):format(place,
      place)
  elseif scheme == "http" and not is_local(ctx, rule, place) then
    return ("http to %s is not encrypted: use https, or list the machine in config.lua: "
      .. 'local_hosts = { ["%s"] = "%s" }'):format(place, place, package_of(rule))
  end
end

local function prepare(args, key)
  local headers = { ["Idempotency-Key"] = args.key or key }
  for name, value in pairs(args.headers or {}) do
    headers[name] = value
  end
  local body = args.body
  if args.json ~= nil then
    body = json.encode(args.json)
    headers["Content-Type"] = headers["Content-Type"] or "application/json"
  end
  return headers, body
end

local function lowered(headers)
  local out = {}
  for name, value in pairs(headers or {}) do
    if name:lower() ~= "set-cookie" then
      out[name:lower()] = sw.sys.clean(value)
    end
  end
  return out
end

function requests.send(ctx, rule, args, key)
  local _, place = place_of(args.url)
  local headers, body = prepare(args, key)
  local ask = ctx.transport or sw.http.request -- a test of a script plays the host
  local fine, r, message, code, reached = pcall(ask, { url = args.url, method = method_of(args),
    headers = headers, body = body,
    timeout_ms = TIMEOUT_MS, max_bytes = BODY_MOST, administrator = is_local(ctx, rule, place) })
  if not fine then
    return nil, tostring(r), "bad", false
  elseif not r then
    return nil, message, code, reached
  end
  return { status = r.status, headers = lowered(r.headers), text = r.body or "" }
end

return requests
