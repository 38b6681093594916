-- A service played from recorded answers, for tests of scripts: in place of the network, nothing else.
--   local web = replayed.new(folder);  web:play { file = "acme.json" }  or  { list = { { path = "/v1/x" } } }
--   web:answer { url = "https://api.example/v1/x?page=2" }   --> { status, headers, body }
-- An answer is { method, path, query, status, headers, body }: the first that fits and was not used is taken;
-- `again = true` may be used many times. A path is the end of the
-- address's own, or the whole address.
local url = require("url")

local json = sw.json
local replayed = {}
replayed.__index = replayed

local FILE_MOST = 8 << 20

function replayed.new(folder)
  return setmetatable({ folder = folder, answers = {}, requests = {} }, replayed)
end

local function read(self, file)
  if file:find("..", 1, true) or file:find("^/") then
    error(("'%s': recorded answers stand beside the test or below it"):format(file), 0)
  end
  local text, message = sw.fs.read(self.folder .. "/" .. file, FILE_MOST)
  local doc = text and json.decode(text)
  if not text or type(doc) ~= "table" then
    error(text and file .. " is no JSON" or message, 0)
  end
  return doc.answers or doc
end

function replayed:play(args)
  for _, a in ipairs(args.file and read(self, args.file) or args.list or {}) do
    if type(a) ~= "table" or type(a.path) ~= "string" then
      error('a recorded answer is { path = "/v1/x", status = 200, body = ... }', 0)
    end
    self.answers[#self.answers + 1] = a
  end
  return #self.answers
end

local function parts_of(address)
  local path, query = address:match("^%a+://[^/]+([^?]*)%??(.*)$")
  return path or address, url.params(query or "")
end

local function fits(a, method, address, path, params)
  if a.used and not a.again or (a.method or "GET") ~= method then
    return false
  elseif a.path ~= path:sub(-#a.path) and a.path ~= address:gsub("%?.*$", "") and a.path ~= address then
    return false
  end
  for name, value in pairs(a.query or {}) do
    if params[name] ~= tostring(value) then
      return false
    end
  end
  return true
end

local function lowered(headers)
  local to = { ["content-type"] = "application/json" }
  for name, value in pairs(headers or {}) do
    to[name:lower()] = tostring(value)
  end
  return to
end

-- The method of an answer that would fit but for it.
function replayed:other_method(method, address, path, params)
  for _, a in ipairs(self.answers) do
    local own = a.method or "GET"
    if own ~= method and fits(a, own, address, path, params) then
      return own
    end
  end
end

function replayed:answer(request)
  local method, path, params = request.method or "GET", parts_of(request.url)
  local noted = { method = method, path = path, query = params, body = request.body,
    headers = request.headers }
  self.requests[#self.requests + 1] = noted
  for _, a in ipairs(self.answers) do
    if fits(a, method, request.url, path, params) then
      a.used = true
      local body = type(a.body) == "table" and json.encode(a.body) or a.body or ""
      return { status = a.status or 200, headers = lowered(a.headers), body = body, url = request.url }
    end
  end
  local other = self:other_method(method, request.url, path, params)
  return nil, ("no recorded answer fits %s %s%s"):format(method, request.url, other and
    (": the one of that path says method = \"%s\""):format(other) or ""), "failed"
end

return replayed
