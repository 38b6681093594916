-- From credentials to a connection that works: the account is asked once, then everything is kept and the
-- first sync is planned, in one transaction.
--   local c, note = signin.keep(ctx, provider, { name, base_url, secret, scope })   --> connection | nil, ...
-- One name is one person's account, for ever: what it brought stays, so another account is refused there.
local account = require("account")
local connections = require("connections")
local door = require("door")
local home = require("home")
local providers = require("providers")
local session = require("session")
local url = require("url")
local vault = require("vault")

local json = sw.json
local signin = {}

local CPU_MS = 2000

-- --- asking the service, before anything is kept ---

-- One run of the script with an account that is not stored yet; nil when the credential does not work.
local function ask(acct, op)
  local failure, p = {}, acct.provider
  local results, message, code = door.run(acct.ctx.name, p.package, { { cpu_ms = CPU_MS,
    spec = { op = op, script = p.script, at = sw.time.now() } } }, door.network(acct, failure))
  if not results then
    return nil, message, code
  end
  local r, title = results[1], p.declaration.title
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
  return r.out
end

local function unstored(ctx, provider, spec)
  local c = { id = 0, provider = provider.id, name = spec.name, body = { base_url = spec.base_url,
    script = providers.pin(provider) } }
  local acct, message, code = account.open(ctx, c, provider)
  if not acct then
    return nil, message, code
  end
  acct.secret, acct.revision, acct.fresh = spec.secret, 0, true -- nothing to renew yet
  return acct
end

-- { secret, who = { id, name }, settings }: what the service tells; `who` is empty when it does not say.
local function questions(ctx, provider, spec)
  local d, made = provider.declaration, { secret = spec.secret, who = {} }
  if not (d.session or d.account or d.after_connect) then
    return made
  end
  local acct, message, code = unstored(ctx, provider, spec)
  if acct and d.session then
    made.secret, message, code = session.begin(acct)
    acct.secret = made.secret
    acct.base = made.secret and account.base(spec.base_url, d, made.secret.base)
  end
  if not acct or not made.secret then
    return nil, message, code
  end
  for _, op in ipairs { "account", "after_connect" } do
    local out
    if d[op] then
      out, message, code = ask(acct, op)
      if not out then
        return nil, message, code
      end
      made.who, made.settings = out.account or made.who, out.settings or made.settings
    end
  end
  if (made.who.id or ""):find("(hidden)", 1, true) then
    made.who.id = nil -- it is one of the credentials: it would be the same for everybody
  end
  return made
end

-- --- whose history it is ---

local function kept_name(provider, name)
  return provider.id .. "/" .. name
end

local function call_it(who)
  return who.name and ("%s (%s)"):format(sw.sys.clean(who.name), sw.sys.clean(who.id)) or sw.sys.clean(who.id)
end

-- Into a transaction that erases the connection: whose account it was goes with what it brought.
function signin.forget(t, c)
  t:doc_delete(".account", kept_name({ id = c.provider }, c.name))
end

-- Whose account came under that name so far, also when the connection was removed since.
local function known(ctx, provider, name)
  local doc = sw.store.doc(ctx.who, ".account", kept_name(provider, name))
  if doc then
    return doc.body
  end
  for _, c in ipairs(connections.list(ctx) or {}) do
    if c.provider == provider.id and c.name == name then
      return { id = c.body.account, name = c.body.account_name, base_url = c.body.base_url }
    end
  end
end

-- Whether this account may go on under that name: nil when it is another one; with a note when nobody says.
local function goes_on(ctx, provider, spec, who)
  local before, title = known(ctx, provider, spec.name), provider.declaration.title
  if not before or not next(provider.declaration.reads or {}) then
    return true
  elseif before.id and who.id and tostring(before.id) ~= tostring(who.id) then
    local shown = { id = tostring(before.id), name = before.name }
    return nil, ("'%s' holds the history of %s, and this is %s: two histories are never mixed, so nothing "
      .. "was kept; connect it under a name of its own: syncwell connect %s --name OTHER"):format(
      connections.title { provider = provider.id, name = spec.name }, call_it(shown), call_it(who),
      provider.id), "usage"
  elseif not who.id or provider.declaration.self_hosted and before.base_url ~= spec.base_url then
    return true, ("%s does not say whose account this is: what it brings is added to what came before. "
      .. "If it is another person's, remove it again and connect it with --name"):format(title)
  end
  return true
end

-- --- keeping it ---

local function make(ctx, provider, name)
  local t = home.txn(ctx)
  t:connection(provider.id, name)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return connections.find(ctx, done[1])
end

local function store(ctx, provider, spec, made)
  local c, message, code = make(ctx, provider, spec.name)
  if not c then
    return nil, message, code
  end
  local who = made.who
  c.state = "active"
  c.body = { base_url = spec.base_url, account = who.id, account_name = who.name, scope = spec.scope,
    settings = made.settings, poll_s = c.body.poll_s, script = providers.pin(provider) }
  local t = home.txn(ctx)
  vault.put(t, ctx, "connection:" .. c.id, made.secret)
  t:doc(".account", kept_name(provider, spec.name), json.encode { id = who.id, name = who.name,
    base_url = spec.base_url })
  connections.put(t, c)
  connections.plan(t, c, sw.time.now(), "connect")
  local ok
  ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return c
end

-- The connection, and a sentence where its person should know more; nil, message, code.
function signin.keep(ctx, provider, spec)
  vault.hide(spec.secret) -- before it is sent anywhere
  if spec.base_url and not url.origin(spec.base_url) then
    return nil, ("--base-url: '%s' is no address such as http://127.0.0.1:8080"):format(spec.base_url),
      "usage"
  end
  local made, message, code = questions(ctx, provider, spec)
  if not made then
    return nil, message, code
  end
  if not made.who.id and spec.account then
    made.who = { id = spec.account } -- as the token's answer said
  end
  local fine, note, kind = goes_on(ctx, provider, spec, made.who)
  if not fine then
    return nil, note, kind
  end
  local c, why, word = store(ctx, provider, spec, made)
  if not c then
    return nil, why, word
  end
  c.note = note
  return c
end

return signin
