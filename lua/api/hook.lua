-- /hook/SECRET: a service's webhook. GET is the handshake, POST a hint: proved, kept, answered, read later.
local connections = require("connections")
local oauth = require("oauth")
local post = require("post")
local providers = require("providers")
local vault = require("vault")

local LATE_S, MOST = 300, 1 << 20

local function text(status, body)
  return status, { ["Content-Type"] = "text/plain" }, body .. "\n"
end

-- The service asks for its challenge back; it must know the token that we gave it.
local function handshake(hook, request, word)
  local c = hook.challenge
  local value = c and request.query[c.param]
  if not value then
    return text(400, "no challenge")
  elseif c.token and request.query[c.token] ~= post.token(word) then
    return text(403, "wrong token")
  end
  return 200, { ["Content-Type"] = "application/json" }, sw.json.encode { [c.answer or c.param] = value }
end

-- Signature and timestamp as the headers carry them; "t=1,v1=aa" has both in one.
local function parts(proof, headers)
  local value = headers[proof.header:lower()]
  if value and proof.timestamp == "t,v1" then
    return value:match("v1=([^,]+)"), value:match("t=(%d+)")
  end
  local stamp = proof.timestamp and headers[proof.timestamp:lower()]
  if value and proof.prefix and value:sub(1, #proof.prefix) == proof.prefix then
    value = value:sub(#proof.prefix + 1)
  end
  return value, stamp
end

local function signed(proof, stamp, body)
  if proof.over == "timestamp+body" then
    return (stamp or "") .. body
  elseif proof.over == "timestamp.body" then
    return (stamp or "") .. "." .. body
  end
  return body
end

local function key_of(ctx, c, provider, proof)
  local app = oauth.client(ctx, provider)
  if not proof.secret and app then
    return app.secret
  end
  local secret = vault.get(ctx, "connection:" .. c.id)
  return secret and secret.secrets[proof.secret or "webhook"]
end

-- nil when the request is what it says, else the reason.
local function forged(ctx, c, provider, proof, request)
  local given, stamp = parts(proof, request.headers)
  if not given then
    local sent = request.headers[proof.header:lower()] ~= nil
    return (sent or not proof.optional) and "no signature" or nil
  end
  local key = key_of(ctx, c, provider, proof)
  if not key then
    return "no key to check the signature with"
  end
  local mac = sw.crypto.hmac_sha256(key, signed(proof, stamp, request.body))
  local wanted = proof.encoding == "base64" and sw.crypto.base64(mac) or sw.crypto.hex(mac)
  if not sw.crypto.equal(proof.encoding == "base64" and given or given:lower(), wanted) then
    return "wrong signature"
  end
  local seconds = tonumber(stamp)
  seconds = seconds and (seconds > 1e11 and seconds / 1000 or seconds)
  if proof.timestamp and (not seconds or math.abs(sw.time.wall() / 1000 - seconds) > LATE_S) then
    return "too old"
  end
end

return function(ctx, request, word)
  local person, id = post.find(word)
  if not person then
    return nil
  end
  local theirs = setmetatable({ who = person.id, name = person.name, zone = person.zone }, { __index = ctx })
  local c = connections.find(theirs, id)
  local provider = c and providers.get(theirs, c.provider)
  local hook = provider and provider.declaration.webhook
  if not hook then
    return nil
  elseif request.method == "GET" then
    return handshake(hook, request, word)
  elseif #request.body > MOST then
    return text(413, "at most 1 MB")
  end
  local why = hook.verify and forged(theirs, c, provider, hook.verify, request)
  if why then
    sw.sys.log("warn", "http", ("a webhook of %s was refused: %s"):format(provider.id, why))
    return text(403, why)
  end
  local ok, message, code = post.keep(theirs, c.id, request.body, "webhook")
  if code == "full" then
    sw.sys.log("error", "http", message)
    return text(507, "full")
  elseif not ok then
    error(message, 0)
  end
  return text(200, "ok")
end
