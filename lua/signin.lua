-- From credentials to a connection that works: the account is asked once, then everything is kept and the
-- first sync is planned, in one transaction.
--   local c = signin.keep(ctx, provider, { name, base_url, secret, scope })   --> connection | nil, ...
local account = require("account")
local connections = require("connections")
local door = require("door")
local home = require("home")
local providers = require("providers")
local url = require("url")
local vault = require("vault")

local signin = {}

-- Who is it? { id, name }, empty when the provider does not say; nil when the credential does not work.
function signin.whoami(ctx, c, provider, secret)
  if not provider.declaration.account then
    return {}
  end
  local acct, message, code = account.open(ctx, c, provider)
  if not acct then
    return nil, message, code
  end
  acct.secret, acct.revision, acct.fresh = secret, 0, true -- nothing to renew yet
  local failure = {}
  local results, why, kind = door.run(ctx.name, provider.package, { { cpu_ms = 2000,
    spec = { op = "account",
    script = provider.script, at = sw.time.now() } } }, door.network(acct, failure))
  if not results then
    return nil, why, kind
  end
  local r, title = results[1], provider.declaration.title
  local v = r.ok and r.out.verdict
  if failure.message then
    return nil, failure.message, failure.code
  elseif not r.ok then
    return nil, r.error.text or r.error.message, "failed"
  elseif v and (v.word == "refresh" or v.word == "reconnect" or v.word == "attention") then
    return nil, ("%s does not accept this credential (answer %d); nothing was kept"):format(title,
      v.status or 0), "needs_user"
  elseif v then
    return nil, ("%s answered %s; nothing was kept, try again later"):format(title, tostring(v.status)),
      "failed"
  end
  return r.out.account or {}
end

local function make(ctx, provider, name)
  local t = home.txn(ctx)
  t:connection(provider.id, name)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return connections.find(ctx, done[1])
end

function signin.keep(ctx, provider, spec)
  vault.hide(spec.secret) -- before it is sent anywhere
  local base = spec.base_url
  if base and not url.origin(base) then
    return nil, ("--base-url: '%s' is no address such as http://127.0.0.1:8080"):format(base), "usage"
  end
  local c, message, code = { id = 0, provider = provider.id, name = spec.name,
    body = { base_url = base, script = providers.pin(provider) } }
  local who
  who, message, code = signin.whoami(ctx, c, provider, spec.secret)
  if not who then
    return nil, message, code
  end
  c, message, code = make(ctx, provider, spec.name)
  if not c then
    return nil, message, code
  end
  c.state = "active"
  c.body = { base_url = base, account = who.id, account_name = who.name, scope = spec.scope,
    poll_s = c.body.poll_s, script = providers.pin(provider) }
  local t = home.txn(ctx)
  vault.put(t, ctx, "connection:" .. c.id, spec.secret)
  connections.put(t, c)
  connections.plan(t, c, sw.time.now(), "connect")
  local ok
  ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return c
end

return signin
