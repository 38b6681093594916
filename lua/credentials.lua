-- What a request carries of secrets. A script writes placeholders; only here do they become what they stand
-- for, and only on the way to the connection's own hosts.
--   credentials.evaluate(acct, text) --> the text as it is sent (raises a sentence that names no secret)
--   credentials.add(acct, request)   --> true: its header or parameter is there | nil, message, code
-- What was sent is listed in acct.sent, so that it is taken out of the answer again.
local oauth = require("oauth")
local url = require("url")

local json = sw.json
local credentials = {}

local MARKS_MOST = 20 -- placeholders of one request

local digests = {
  sha1 = function(text) return sw.crypto.hex(sw.crypto.sha1(text)) end,
  sha256 = function(text) return sw.crypto.hex(sw.crypto.sha256(text)) end,
  base64 = function(text) return sw.crypto.base64(text) end,
}

-- What a request carries is taken out of its answer again, also as it stands in an address.
local function sent(acct, value)
  local list = acct.sent or {}
  acct.sent = list
  list[#list + 1] = value
  list[#list + 1] = url.escape(value)
  list[#list + 1] = json.encode(value):sub(2, -2) -- as it stands inside a JSON text
  return value
end

-- No sentence here may repeat the content: what stands inside may be a credential, and a script reads it.
local function fill_in(acct, mark, lasting)
  local kind, content = mark:match("^(%l[%l%d]*):(.*)$")
  if kind == "secret" then
    local value, kept = acct.secret.secrets[content], (acct.secret.kept or {})[content]
    if type(kept) == "string" then
      return kept
    elseif type(value) ~= "string" then
      local known = (acct.declaration.secrets or {})[content]
      error(known and ("the credential '%s' of this connection is not there"):format(content)
        or "a credential of this connection is not there", 0)
    end
    return sent(acct, value)
  end
  local value = digests[kind] and digests[kind](content) or error("a placeholder that means nothing", 0)
  if lasting then
    sw.crypto.hide(value)
  end
  return sent(acct, value)
end

-- Every "\1kind:content\2" of a text becomes what it stands for, the innermost first. What a declaration
-- says is `lasting` and hidden for good; what a script makes up at each request must not fill that list.
function credentials.evaluate(acct, text, lasting)
  local open, parts, at = {}, {}, 1
  for mark in text:gmatch("()[\1\2]") do
    parts[#parts + 1] = text:sub(at, mark - 1)
    at = mark + 1
    if text:byte(mark) == 1 then
      acct.marks = (acct.marks or 0) + 1
      if acct.marks > MARKS_MOST then
        error(("more than %d placeholders in one request"):format(MARKS_MOST), 0)
      end
      open[#open + 1], parts = parts, {}
    elseif #open > 0 then
      local value = fill_in(acct, table.concat(parts), lasting)
      parts = table.remove(open)
      parts[#parts + 1] = value
    end
  end
  if #open > 0 then
    error("a placeholder that does not end", 0)
  end
  return at == 1 and text or table.concat(parts) .. text:sub(at)
end

local sign = {}

function sign.basic(acct, auth, request)
  local password = credentials.evaluate(acct, "\1secret:" .. auth.password .. "\2", true)
  local value = sw.crypto.base64(credentials.evaluate(acct, auth.user, true) .. ":" .. password)
  sw.crypto.hide(value)
  request.headers.Authorization = "Basic " .. sent(acct, value)
end

function sign.key(acct, auth, request)
  local value = (auth.prefix or "") .. credentials.evaluate(acct, "\1secret:" .. auth.secret .. "\2", true)
  if auth.query then
    request.query[auth.query] = value
  else
    request.headers[auth.header or "Authorization"] = value
  end
end

function sign.sealed(acct, auth, request)
  request.headers[auth.header] = credentials.evaluate(acct, auth.value, true)
end

function sign.oauth2(acct, _, request)
  local token, message, code = oauth.access(acct)
  if not token then
    return nil, message, code
  end
  request.headers.Authorization = "Bearer " .. sent(acct, token)
end

-- The session stands where the service wants it; a login itself has none yet.
local function add_session(acct, spec, request)
  local token = acct.secret.secrets.session
  if not token then
    return nil, ("%s is not signed in"):format(acct.declaration.title), "needs_user"
  end
  local value = (spec.prefix or (spec.header or spec.query) and "" or "Bearer ") .. sent(acct, token)
  if spec.query then
    request.query[spec.query] = value
  else
    request.headers[spec.header or "Authorization"] = value
  end
  return true
end

-- What proves who asks. A login (`bare`) sends only what its own request names.
function credentials.add(acct, request, bare)
  local auth, spec = acct.declaration.auth, acct.declaration.session
  if spec and not bare then
    return add_session(acct, spec, request)
  elseif not auth then
    return true
  end
  local _, message, code = sign[auth.kind](acct, auth, request)
  if message then
    return nil, message, code
  end
  return true
end

-- Texts by name with their placeholders filled in.
function credentials.texts(acct, from, lasting)
  local out = {}
  for name, value in pairs(from or {}) do
    out[tostring(name)] = credentials.evaluate(acct, tostring(value), lasting)
  end
  return out
end

-- The declared headers; a login goes without those that are made of what only its answer brings.
function credentials.headers(acct, bare)
  local kept, list = (acct.declaration.session or {}).keep or {}, {}
  for name, value in pairs(acct.declaration.headers or {}) do
    local later = false
    for secret in tostring(value):gmatch("\1secret:([%l_]+)\2") do
      later = later or secret == "session" or kept[secret] ~= nil
    end
    list[name] = not (bare and later) and value or nil
  end
  return list
end

local function filled(acct, v)
  if type(v) == "string" then
    return credentials.evaluate(acct, v)
  elseif type(v) ~= "table" then
    return v
  end
  local out = setmetatable({}, getmetatable(v))
  for k, x in pairs(v) do
    out[k] = filled(acct, x)
  end
  return out
end

-- The body of a request: json and form are written here, so that no secret can break out of its place.
function credentials.body(acct, spec, headers)
  if spec.json ~= nil then
    headers["Content-Type"] = headers["Content-Type"] or "application/json"
    return json.encode(filled(acct, spec.json))
  elseif type(spec.form) == "table" then
    headers["Content-Type"] = headers["Content-Type"] or "application/x-www-form-urlencoded"
    return url.query(credentials.texts(acct, spec.form))
  end
  return spec.body and credentials.evaluate(acct, spec.body)
end

return credentials
