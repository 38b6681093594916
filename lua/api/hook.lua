-- /hook/SECRET: a service's webhook. GET is the handshake, POST a hint: proved, kept, answered, read later.
local connections = require("connections")
local oauth = require("oauth")
local post = require("post")
local proof = require("proof")
local providers = require("providers")
local vault = require("vault")

local MOST = 1 << 20

local function text(status, body)
  return status, { ["Content-Type"] = "text/plain" }, body .. "\n"
end

-- The service asks for its challenge back; it must know the token that we gave it.
local function handshake(hook, request, word)
  local c = hook.challenge
  local value = c and request.query[c.param]
  if not value then
    return text(400, "no challenge")
  elseif c.token and not sw.crypto.equal(request.query[c.token] or "", post.token(word)) then
    return text(403, "wrong token")
  end
  return 200, { ["Content-Type"] = "application/json" }, sw.json.encode { [c.answer or c.param] = value }
end

local function key_of(ctx, c, provider, spec)
  local app = oauth.client(ctx, provider)
  if not spec.secret and app then
    return app.secret
  end
  local secret = vault.get(ctx, "connection:" .. c.id)
  return secret and secret.secrets[spec.secret or "webhook"]
end

local function forged(ctx, c, provider, spec, request)
  return proof.refusal(spec, key_of(ctx, c, provider, spec), request, sw.time.wall())
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
