-- Sessions: services whose sign-in is a request with user and password. The script's `login` names the
-- request; the engine fills in the secrets, takes the token out of the answer, keeps it sealed and renews it.
--   session.access(acct) --> a session that lives | nil, message, code, wait_ms
--   session.begin(acct)  --> the secret with a first session in it, kept nowhere yet
-- A password that is refused is never sent a second time by itself: services lock accounts for that.
local door = require("door")
local renewal = require("renewal")

local json = sw.json
local session = {}

local EARLY_MS, CPU_MS, TEXT_MOST, STEPS_MOST = 120000, 1000, 8192, 4
local YEARS_MS = 10 * 366 * 86400000

-- --- what a login's answer holds ---

local function at(doc, path)
  for name in path:gmatch("[^.]+") do
    if type(doc) ~= "table" then
      return nil
    end
    local value = doc[name]
    doc = value == nil and math.tointeger(tonumber(name)) and doc[math.tointeger(tonumber(name)) + 1] or value
  end
  return doc
end

local function text_of(v)
  v = math.type(v) == "integer" and tostring(v) or v
  return type(v) == "string" and v ~= "" and #v <= TEXT_MOST and not v:find("%c") and v or nil
end

-- Seconds since 1970, milliseconds of it, or a text, as milliseconds; nil for nonsense.
local function instant(v)
  local n = tonumber(v)
  if not n then
    return type(v) == "string" and sw.time.parse(v) or nil
  end
  n = n < 1e11 and n * 1000 or n
  return n == n and n > 0 and n < 1e14 and math.floor(n) or nil
end

-- When it ends: as the answer says, at the latest by the declared age; nil when nobody knows.
local function ends_at(spec, doc)
  local now, ends = sw.time.wall(), spec.expires and instant(at(doc, spec.expires))
  local lasts = spec.lasts and tonumber(at(doc, spec.lasts))
  if lasts and lasts == lasts and lasts > 0 then
    ends = now + math.floor(math.min(lasts * 1000, YEARS_MS))
  end
  local oldest = spec.age_s and now + math.floor(spec.age_s * 1000)
  return ends and oldest and math.min(ends, oldest) or ends or oldest
end

-- { secrets = { session }, kept, expires, lasts } of an answer; nil when there is no session in it. What is
-- kept beside the session is sealed with it but no secret: a user's id stands in every later answer.
local function found(spec, body)
  local doc = json.decode(body or "")
  local token = doc ~= nil and text_of(at(doc, spec.token)) or nil
  if not token or spec.none and token == spec.none then
    return nil
  end
  local kept, expires = {}, ends_at(spec, doc)
  for name, path in pairs(spec.keep or {}) do
    kept[name] = text_of(at(doc, path))
  end
  return { secrets = { session = token }, kept = kept, expires = expires,
    lasts = expires and expires - sw.time.wall() or nil }
end

-- --- signing in ---

-- Answers the requests of a login. What the script gets of them has neither secrets nor the session.
local function answers(acct, state)
  local spec = acct.declaration.session
  return function(call, _, name, args)
    state.steps = state.steps + 1
    if name ~= "login" or type(args) ~= "table" or state.steps > STEPS_MOST then
      return sw.box.reply(call, false, ("a login is at most %d requests"):format(STEPS_MOST))
    end
    local take = function(body)
      state.made = not args.more and found(spec, body) or nil
      return state.made and state.made.secrets or {}
    end
    local reply, message, code, more = acct:sign_in(args, take)
    if not reply then
      state.failure = { message, code, more }
      return sw.box.reply(call, false, message)
    end
    state.wait_ms = reply.wait_ms
    if state.made then
      state.made.base = type(args.base) == "string" and args.base or nil
    end
    sw.box.body(call, reply.body)
    sw.box.reply(call, true, { status = reply.status, headers = reply.headers, session = state.made ~= nil })
  end
end

-- A word about the answer that is no session: what refuses the credential needs its person, at once.
local function refusal(acct, v, wait_ms)
  local title = acct.declaration.title
  local reason = type(v.reason) == "string" and ": " .. sw.sys.clean(v.reason) or ""
  if v.word == "retry" then
    local after = math.tointeger(v.after)
    after = after and math.max(0, math.min(after, 86400)) * 1000
    return nil, ("%s answered %s to the login%s"):format(title, tostring(v.status), reason),
      (wait_ms or after) and "wait" or "again", wait_ms or after
  end
  local name = acct.connection.name
  return nil, ("%s does not accept the login (answer %s)%s; mend it with: syncwell connect %s%s"):format(
    title, tostring(v.status), reason, acct.provider.id, name ~= "main" and " --name " .. name or ""),
    "needs_user"
end

local function log_in(acct)
  local state, p = { steps = 0 }, acct.provider
  local results, message, code = door.run(acct.ctx.name, p.package, { { cpu_ms = CPU_MS, spec = {
    op = "login", script = p.script, at = sw.time.now() } } }, answers(acct, state))
  local r = results and results[1]
  if not r then
    return nil, message, code
  elseif state.failure then
    return nil, table.unpack(state.failure, 1, 3)
  elseif not r.ok then
    return nil, r.error.text or r.error.message, "script"
  elseif type(r.out.verdict) == "table" then
    return refusal(acct, r.out.verdict, state.wait_ms)
  elseif not state.made then
    return nil, ("%s let us in, but its answer has no session at '%s'; its login may have changed"):format(
      acct.declaration.title, acct.declaration.session.token), "attention"
  end
  return state.made
end

-- --- sessions that live ---

local function living(secret)
  local early = math.min(EARLY_MS, (secret.lasts or 4 * EARLY_MS) // 4)
  local good = not secret.expires or secret.expires - early > sw.time.wall()
  return good and secret.secrets.session or nil
end

-- A refusal is kept with the password it is about, so that no other process sends that again.
local function refuse(acct, message)
  local secret = renewal.merged(acct.secret, { secrets = {} })
  secret.refused, secret.secrets.session = message, nil
  renewal.keep(acct, secret)
end

local function make(acct)
  if acct.secret.refused then
    return nil, acct.secret.refused, "needs_user"
  end
  local made, message, code, more = log_in(acct)
  if not made then
    if code == "needs_user" then
      refuse(acct, message)
    end
    return nil, message, code, more
  end
  local ok
  ok, message, code = renewal.keep(acct, renewal.merged(acct.secret, made))
  return ok and made.secrets.session or nil, message, code
end

function session.begin(acct)
  local made, message, code, more = log_in(acct)
  return made and renewal.merged(acct.secret, made) or nil, message, code, more
end

function session.access(acct)
  local token = living(acct.secret)
  if token or acct.fresh then
    return token
  end
  return renewal.run(acct, acct.secret.secrets.session, { living = living, make = make })
end

-- The service no longer takes a session that should live: sign in once for it.
function session.renew(acct)
  return renewal.run(acct, acct.secret.secrets.session, { living = living, make = make })
end

return session
