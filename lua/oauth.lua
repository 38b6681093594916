-- Signing in by OAuth 2: the address to open, the code that comes back, tokens and their refresh.
--   oauth.start(ctx, provider, options) --> { address, state }      oauth.finish(ctx, state, params)
--   oauth.access(acct) --> a token that lives, refreshed if need be | nil, message, code
-- A refresh is done by one process at a time: it takes the lease, reads again, and writes the new pair
-- before it is used. Only a service that says so ends a connection; no answer and 5xx never do.
local home = require("home")
local renewal = require("renewal")
local url = require("url")
local vault = require("vault")

local json = sw.json
local oauth = {}

local EARLY_MS, STATE_MS = 120000, 30 * 60000

-- An address of the sign-in server; with --base-url it lies on that machine.
local function endpoint(base_url, address)
  local other = base_url and url.origin(base_url)
  return other and address:gsub("^https?://[^/]+", other) or address
end

-- --- the client: id and secret of the app this home is registered as ---

local function app_name(provider)
  return "app:" .. provider.id
end

function oauth.client(ctx, provider)
  local app = vault.get(ctx, app_name(provider))
  return app and { id = app.id, secret = app.secrets.client_secret }
end

function oauth.set_client(ctx, provider, id, secret)
  local t = home.txn(ctx)
  vault.put(t, ctx, app_name(provider), { id = id, secrets = { client_secret = secret } })
  return t:commit()
end

-- --- talking to the token endpoint ---

local function ask(ctx, provider, base_url, client, form)
  local auth = provider.declaration.auth
  local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", Accept = "application/json" }
  for name, value in pairs(auth.token_form or {}) do
    form[name] = value
  end
  if auth.client == "basic" then
    local basic = sw.crypto.base64(client.id .. ":" .. (client.secret or ""))
    sw.crypto.hide(basic)
    headers.Authorization = "Basic " .. basic
  else
    form.client_id, form.client_secret = client.id, client.secret
  end
  local send = ctx.transport or sw.http.request -- a test of a script plays the service
  return send { url = endpoint(base_url, auth.token), method = "POST",
    body = url.query(form), headers = headers, timeout_ms = 30000, max_bytes = 1 << 20,
    administrator = base_url ~= nil }
end

-- The table in which the token fields stand, and the whole answer: some services wrap it.
local function unwrap(auth, body)
  local doc = json.decode(body or "")
  if type(doc) ~= "table" then
    return {}, {}
  end
  return auth.answer and type(doc[auth.answer]) == "table" and doc[auth.answer] or doc, doc
end

local gone = { invalid_grant = true, invalid_token = true, expired_token = true }

local function error_of(answer, doc)
  local e = answer.error or doc.error
  return type(e) == "table" and (e.code or e.type) or e
end

-- Does this answer take the permission back? Some say so in a body under a 200: by OAuth's own words, by
-- HTTP's numbers, or by numbers of their own, which the provider declares (`refused`).
local function is_refusal(auth, status, answer, doc)
  for field, values in pairs(auth.refused or {}) do
    for _, v in ipairs(values) do
      if tostring(doc[field]) == tostring(v) then
        return true
      end
    end
  end
  local inner = status // 100 == 2 and math.tointeger(tonumber(doc.status)) or status
  return gone[error_of(answer, doc)] and status // 100 ~= 5
    or next(doc) ~= nil and (inner == 400 or inner == 401)
end

-- Seconds that a service names: a finite number, at most ten years of them; nil for what is none.
local function span(v)
  v = tonumber(v)
  return v and v == v and math.floor(math.max(0, math.min(v, 315360000)) * 1000) or nil
end

-- What is kept of an answer: the pair, when the access token ends, how long it was to live.
local function pair(answer, refresh)
  local at, lasts = tonumber(answer.expires_at), span(answer.expires_in)
  at = at and at == at and sw.time.wall() + (span(at - sw.time.wall() / 1000) or 0)
  sw.crypto.hide(answer.access_token)
  if type(answer.refresh_token) == "string" then
    sw.crypto.hide(answer.refresh_token)
  end
  return { expires = lasts and sw.time.wall() + lasts or at or nil, lasts = lasts,
    secrets = { access = answer.access_token, refresh = answer.refresh_token or refresh } }
end

local function granted(answer, fallback)
  local text = answer.scope
  return type(text) == "string" and text or fallback
end

-- --- signing in ---

local function redirect_of(ctx, auth)
  local own = ctx.config.public_url or "http://127.0.0.1:8787"
  return auth.redirect or own:gsub("/+$", "") .. "/callback"
end

-- Sign-ins that were begun and left, and outcomes nobody waits for.
local function forget_old(t, ctx)
  local before = sw.time.wall() - 2 * STATE_MS
  for _, row in ipairs(sw.store.secrets(ctx.who) or {}) do
    if row.name:find("^signin:") and row.at < before then
      t:secret_delete(row.name)
    end
  end
  for _, doc in ipairs(sw.store.docs(ctx.who, ".signin", {}) or {}) do
    if doc.at < before then
      t:doc_delete(".signin", doc.name)
    end
  end
end

function oauth.start(ctx, provider, options)
  local auth, client = provider.declaration.auth, oauth.client(ctx, provider)
  if not client then
    return nil, ("%s needs the id and secret of an app of yours: syncwell connect %s --client-id ID (the "
      .. "secret is asked for)"):format(provider.declaration.title, provider.id), "usage"
  end
  local state = { provider = provider.id, name = options.name, base_url = options.base_url,
    at = sw.time.wall(), redirect = options.redirect or redirect_of(ctx, auth) }
  local word = sw.crypto.base64(sw.crypto.random(24), true)
  local params = { response_type = "code", client_id = client.id, redirect_uri = state.redirect,
    state = word }
  if auth.scopes and #auth.scopes > 0 then
    params.scope = table.concat(auth.scopes, auth.separator or " ")
  end
  local secrets = {}
  if auth.pkce then
    secrets.verifier = sw.crypto.base64(sw.crypto.random(48), true)
    params.code_challenge = sw.crypto.base64(sw.crypto.sha256(secrets.verifier), true)
    params.code_challenge_method = "S256"
  end
  for name, value in pairs(auth.extra or {}) do
    params[name] = value
  end
  state.secrets = secrets
  local t = home.txn(ctx)
  forget_old(t, ctx)
  vault.put(t, ctx, "signin:" .. word, state)
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return { address = url.join(endpoint(options.base_url, auth.authorize), "", params), state = word,
    redirect = state.redirect }
end

local function refused(provider, params)
  if params.error == "access_denied" then
    return ("%s: access was not granted; `syncwell connect %s` asks again"):format(
      provider.declaration.title, provider.id)
  end
  return ("%s refused the sign-in: %s"):format(provider.declaration.title,
    sw.sys.clean(tostring(params.error_description or params.error)):sub(1, 200))
end

local function exchange(ctx, provider, state, code)
  local client, title = oauth.client(ctx, provider), provider.declaration.title
  if not client then
    return nil, title .. " has no app id here any more: begin again with --client-id", "needs_user"
  end
  local r, message, kind = ask(ctx, provider, state.base_url, client, { grant_type = "authorization_code",
    code = code, redirect_uri = state.redirect, code_verifier = state.secrets.verifier })
  if not r then
    return nil, message, kind
  end
  local answer, doc = unwrap(provider.declaration.auth, r.body)
  if error_of(answer, doc) == "invalid_client" then
    return nil, ("%s does not know this app (invalid_client): check the client id and its secret"):format(
      title), "needs_user"
  elseif r.status // 100 ~= 2 or type(answer.access_token) ~= "string" then
    return nil, ("%s did not accept the code (answer %d): begin again with `syncwell connect %s`"):format(
      title, r.status, provider.id), "needs_user"
  end
  return answer
end

-- A sign-in is over, however it ended; who waits for it elsewhere (the command, while `serve` took the
-- callback) reads the outcome: { connection = id } or { error = sentence, code }.
function oauth.settle(ctx, word, outcome)
  local t = home.txn(ctx)
  t:secret_delete("signin:" .. word)
  t:doc(".signin", word, json.encode(outcome), { at = sw.time.wall() })
  return t:commit()
end

function oauth.outcome(ctx, word)
  local doc = sw.store.doc(ctx.who, ".signin", word)
  return doc and doc.body
end

-- What was asked for and not granted (people untick boxes), as a text; nil when all was.
function oauth.withheld(declaration, scope)
  local had, list = {}, {}
  for one in (type(scope) == "string" and scope or ""):gmatch("[^%s,]+") do
    had[one] = true
  end
  for _, one in ipairs(next(had) and (declaration.auth or {}).scopes or {}) do
    if not had[one] then
      list[#list + 1] = one
    end
  end
  return #list > 0 and table.concat(list, ", ") or nil
end

-- Whose token it is, where its answer says so.
local function account_of(auth, answer)
  local at = answer
  for name in (auth.account or ""):gmatch("[^.]+") do
    at = type(at) == "table" and at[name] or nil
  end
  local is_id = auth.account and (type(at) == "string" or math.type(at) == "integer")
  return is_id and tostring(at):sub(1, 200) or nil
end

-- The code (or what the redirect carried) for tokens. Gives the sign-in's options and the secret to keep.
function oauth.finish(ctx, word, params, get_provider)
  local state = vault.get(ctx, "signin:" .. tostring(word))
  if not state or state.at + STATE_MS < sw.time.wall() then
    return nil, "this sign-in is not known here or is over half an hour old: begin again with `syncwell "
      .. "connect`", "needs_user"
  end
  local provider, message, code = get_provider(state.provider)
  if not provider then
    return nil, message, code
  elseif params.error then
    return nil, refused(provider, params), "needs_user"
  end
  local answer, why, kind = exchange(ctx, provider, state, params.code)
  if not answer then
    return nil, why, kind
  end
  return { provider = provider, name = state.name, base_url = state.base_url,
    scope = params.scope or granted(answer), secret = pair(answer),
    account = account_of(provider.declaration.auth, answer) }
end

-- --- tokens that live ---

-- Renewed two minutes early, less for tokens that live for minutes only.
local function lives(secret)
  local early = math.min(EARLY_MS, (secret.lasts or 4 * EARLY_MS) // 4)
  return secret.secrets.access and (not secret.expires or secret.expires - early > sw.time.wall())
end

local function needs_user(acct, why)
  local d = acct.declaration
  return nil, ("%s %s; mend it with: syncwell connect %s%s"):format(d.title, why, acct.provider.id,
    acct.connection.name ~= "main" and " --name " .. acct.connection.name or ""), "needs_user"
end

-- What a refused refresh means: the permission is gone, or our app is unknown, or it is only busy. A page
-- of something in between is no word of the service.
local function judge(acct, r)
  local auth = acct.declaration.auth
  local answer, doc = unwrap(auth, r.body)
  if error_of(answer, doc) == "invalid_client" then
    return needs_user(acct, "does not know this app any more (invalid_client): check its id and secret")
  elseif is_refusal(auth, r.status, answer, doc) then
    return needs_user(acct, "no longer accepts our permission (it was withdrawn or has ended)")
  end
  return nil, ("%s answered %d to a refresh%s"):format(acct.declaration.title, r.status,
    r.status // 100 == 2 and ", without a token" or ""), "again"
end

local function keep(acct, answer)
  local made = pair(answer, acct.secret.secrets.refresh)
  local ok, message, code = renewal.keep(acct, renewal.merged(acct.secret, made))
  return ok and made.secrets.access or nil, message, code
end

local function spend_refresh(acct)
  local auth = acct.declaration.auth
  if not acct.secret.secrets.refresh then
    return needs_user(acct, "asks to sign in again")
  end
  local form = { grant_type = "refresh_token", refresh_token = acct.secret.secrets.refresh }
  if auth.scope_on_refresh then
    form.scope = table.concat(auth.scopes or {}, auth.separator or " ")
  end
  local client = oauth.client(acct.ctx, acct.provider)
  if not client then
    return needs_user(acct, "has no app id here any more")
  end
  local r, message, code = ask(acct.ctx, acct.provider, acct.connection.body.base_url, client, form)
  if not r then
    return nil, message, code
  end
  local answer = unwrap(auth, r.body)
  if r.status // 100 == 2 and type(answer.access_token) == "string" then
    return keep(acct, answer)
  end
  return judge(acct, r)
end

local function living(secret)
  return lives(secret) and secret.secrets.access or nil
end

local function refresh(acct)
  return renewal.run(acct, acct.secret.secrets.access, { living = living, make = spend_refresh })
end

function oauth.access(acct)
  if lives(acct.secret) or acct.fresh then
    return acct.secret.secrets.access
  elseif not acct.secret.secrets.access then
    return needs_user(acct, "is not signed in")
  end
  return refresh(acct)
end

-- The service refused a token that should live (401): spend the refresh once for it.
function oauth.renew(acct)
  return refresh(acct)
end

return oauth
