-- An account at a service, as the engine uses it for a provider script: addresses, credentials, limits.
-- The script names a path and parameters; everything secret is filled in here and nowhere else.
--   local acct = account.open(ctx, connection, provider)
--   acct:request { path = "/activities", query = { oldest = "2026-03-01" } }
--     --> { status, headers, body, url } | nil, message, code, wait_ms
-- Codes: "wait" (a limit: wait_ms says how long), "needs_user", and those of sw.http.
local connections = require("connections")
local credentials = require("credentials")
local home = require("home")
local oauth = require("oauth")
local patience = require("patience")
local permits = require("permits")
local providers = require("providers")
local redaction = require("redaction")
local session = require("session")
local url = require("url")
local vault = require("vault")

local account = {}
account.__index = account

local BODY_MOST = 32 << 20
local DEFAULT_HOLD_MS = 60000
local MINUTE_MS, QUARTER_MS = 60000, 900000

-- Where paths begin: as declared, or where a login was sent to (a region's host). --base-url names a machine;
-- a path behind it replaces that of the provider too.
function account.base(base_url, declaration, region)
  local own = region or declaration.base
  if not base_url then
    return own
  elseif own and not base_url:find("^%a+://[^/]+/.") then
    return url.origin(base_url) .. (own:gsub("^%a+://[^/]+", ""))
  end
  return (base_url:gsub("/+$", ""))
end

function account.open(ctx, c, provider)
  local agreed, why, kind = providers.agreed(c, provider, connections.title(c))
  if not agreed then
    return nil, why, kind
  end
  local acct = setmetatable({ ctx = ctx, connection = c, provider = provider,
    declaration = provider.declaration }, account)
  local message, code
  acct.secret, acct.revision = vault.get(ctx, "connection:" .. c.id)
  if not acct.secret then
    message, code = acct.revision, nil
    if message then
      return nil, message, code
    end
    acct.secret, acct.revision = { secrets = {} }, 0
  end
  acct.base = account.base(c.body.base_url, acct.declaration, acct.secret.base)
  if not acct.base then
    return nil, ("%s runs on a machine of yours: connect it with --base-url ADDRESS")
      :format(provider.id), "usage"
  end
  return acct
end

-- The account behind a connection's number or name.
function account.of(ctx, word)
  local c, message, code = connections.find(ctx, word)
  if not c then
    return nil, message, code
  end
  local provider
  provider, message, code = providers.get(ctx, c.provider)
  if not provider then
    return nil, message, code
  end
  return account.open(ctx, c, provider)
end

-- --- limits ---

-- A limit as the store counts it. "app" is shared by all accounts of this home, else each has its own.
local function bucket(acct, limit)
  local period = limit.per_s * 1000 // 1
  local who = limit.bucket == "app" and acct.provider.id
    or ("%s/%d"):format(acct.provider.id, acct.connection.id)
  return { name = ("%s/%s/%d"):format(who, limit.of or "all", period), most = limit.most,
    period_ms = math.tointeger(period), aligned = limit.aligned or false,
    shared = limit.bucket == "app", reserve = math.floor(limit.most * (acct.reserve or 0)) }
end

function account:limits()
  local list = {}
  for _, limit in ipairs(self.declaration.limits or {}) do
    list[#list + 1] = bucket(self, limit)
  end
  return list
end

function account:hold_name()
  local first = (self.declaration.limits or {})[1]
  return first and first.bucket == "app" and self.provider.id
    or ("%s/%d"):format(self.provider.id, self.connection.id)
end

-- A request is spent before it is sent; nothing is sent when a limit would be passed.
local function spend(acct)
  local fine, wait, message, code = permits.take(acct.ctx, acct:hold_name(), acct:limits())
  if fine then
    return true
  elseif not wait then
    return nil, message, code
  end
  local told = ("the limit of %s is used up for %s"):format(acct.declaration.title, account.span(wait))
  return nil, told, "wait", wait
end

function account.span(ms)
  local s = math.max(1, ms // 1000)
  return s < 120 and s .. " s" or s < 7200 and s // 60 .. " min" or s // 3600 .. " h"
end

-- The shared limit that made somebody wait this long: the shortest whose period is not shorter.
local function blocking(self, ms)
  local found
  for _, l in ipairs(self:limits()) do
    if l.shared and (not found or (l.period_ms >= ms) ~= (found.period_ms >= ms) and l.period_ms >= ms
      or (l.period_ms >= ms) == (found.period_ms >= ms) and l.period_ms < found.period_ms) then
      found = l
    end
  end
  return found
end

-- Up to `n` that wait for one window come back over the time that it takes the limit to serve them: all at
-- once, most of them would only be told to wait again. Who shares with nobody comes when the window opens.
function account:turn(ms, n)
  local l = blocking(self, ms)
  local most = l and (n - 1) * l.period_ms // l.most or 0
  return math.floor(most * tonumber("0x" .. sw.sys.random(3)) / 0xFFFFFF)
end

-- Without a word from the service: the end of the shortest declared window, else a minute.
local function guess_to_wait(acct, now)
  local soonest
  for _, b in ipairs(acct:limits()) do
    local at = b.aligned and (now // b.period_ms + 1) * b.period_ms or now + b.period_ms
    soonest = math.min(soonest or at, at)
  end
  return math.min(soonest or now + DEFAULT_HOLD_MS, now + QUARTER_MS)
end

-- "a,b" header pairs of limit and usage, one pair per declared limit with `header` (Strava writes them so).
-- Gives whether there is something to write.
local function note_usage(acct, t, headers)
  local any = false
  for _, limit in ipairs(acct.declaration.limits or {}) do
    local text = limit.usage and headers[limit.usage:lower()]
    local used, k = nil, 0
    for part in (text or ""):gmatch("%d+") do
      k = k + 1
      used = k == (limit.part or 1) and math.tointeger(part) or used
    end
    if used then
      t:limit_seen(bucket(acct, limit), math.min(used, 1000000))
      any = true
    end
  end
  return any
end

local function note_limits(acct, reply, headers)
  local t, now = home.txn(acct.ctx), sw.time.now()
  local any = note_usage(acct, t, headers)
  if reply.status == 429 or reply.status == 503 and headers["retry-after"] then
    local told = patience.told(headers, sw.time.wall())
    local untl = math.max(told and now + told or guess_to_wait(acct, now), now + 1000)
    permits.drop(acct:hold_name())
    t:hold(acct:hold_name(), untl, ("%s answered %d"):format(acct.declaration.title, reply.status))
    reply.wait_ms = untl - now
    any = true
  end
  return not any or t:commit()
end

-- --- requests ---

-- Where a path leads: below the base, or, when a service gives a whole address (the next page), to one of the
-- declared hosts. nil, message, code for anything else.
function account.address(acct, path)
  local address = path:find("^%a[%w+.%-]*:") and path or url.join(acct.base, path)
  local origin = url.origin(address)
  if address:find("[%c%s\\]") then
    origin = nil
  end
  if origin and origin == url.origin(acct.base) then
    return address
  end
  for _, host in ipairs(acct.declaration.hosts or {}) do
    if origin == "https://" .. host or origin == "https://" .. host .. ":443" then
      return address
    end
  end
  return nil, ("%s may not talk to %s: its hosts are %s"):format(acct.provider.script,
    origin or "that address", table.concat(acct.declaration.hosts or {}, ", ")), "denied"
end

local function every_text(value, to)
  if type(value) == "string" then
    to[#to + 1] = value
  end
  for _, v in pairs(type(value) == "table" and value or {}) do
    every_text(v, to)
  end
  return to
end

-- Only of this connection: were those of others hidden too, an answer full of guesses would find them.
local function redacted(acct, text)
  return redaction.hide(text, acct.secret.secrets or {}, acct.sent or {})
end

local function lower(acct, headers)
  local out = {}
  for name, value in pairs(headers) do
    name = name:lower()
    if name ~= "set-cookie" then
      out[name] = redacted(acct, value)
    end
  end
  return out
end

local function prepare(acct, spec, bare)
  local request = { headers = credentials.texts(acct, credentials.headers(acct, bare), true),
    query = credentials.texts(acct, spec.query) }
  for name, value in pairs(credentials.texts(acct, spec.headers)) do
    request.headers[name] = value
  end
  request.headers.Accept = request.headers.Accept or "application/json"
  request.body = credentials.body(acct, spec, request.headers)
  return request
end

-- The address of a request; a login may begin at another declared host than the rest.
local function address_of(acct, spec, bare)
  local path = tostring(spec.path or "")
  if bare and type(spec.base) == "string" and not acct.connection.body.base_url then
    path = url.join(spec.base, path)
  end
  return account.address(acct, path)
end

local function send(acct, spec, bare)
  acct.marks, acct.sent = 0, {}
  local request = prepare(acct, spec, bare)
  local ok, message, code = credentials.add(acct, request, bare)
  if not ok then
    return nil, message, code
  end
  local address
  address, message, code = address_of(acct, spec, bare)
  if not address then
    return nil, message, code
  end
  local ask = acct.ctx.transport or sw.http.request -- a test of a script plays the service
  return ask { url = url.join(address, "", request.query), body = request.body,
    method = spec.method or request.body and "POST" or nil, headers = request.headers,
    max_bytes = BODY_MOST,
    timeout_ms = MINUTE_MS, -- only the machine that --base-url names may be a private one
    administrator = acct.connection.body.base_url ~= nil and url.origin(address) == url.origin(acct.base) }
end

-- One that needs its person, or was paused, is left alone by whatever job still has something for it.
local resting = { needs_user = true, paused = true, revoked = true }

local function rests(acct)
  local c = acct.connection
  if resting[c.state] then
    return nil, c.body.sentence or ("%s is %s"):format(c.provider, c.state), "needs_user"
  end
  return true
end

-- One request within the limits; `take` sees the body before anybody else and names what to hide in it.
local function exchange(acct, spec, bare, take)
  local ok, message, code, wait = rests(acct)
  if ok then
    ok, message, code, wait = spend(acct)
  end
  if not ok then
    return nil, message, code, wait
  end
  local fine, reply, why, kind, reached = pcall(send, acct, spec, bare)
  if not fine then
    return nil, tostring(reply), "bad"
  elseif not reply then
    return nil, why, kind, reached
  end
  every_text(take and take(reply.body or "") or {}, acct.sent)
  reply.headers = lower(acct, reply.headers)
  reply.body = redacted(acct, reply.body or "") -- a service may echo what it was sent: no script reads it
  note_limits(acct, reply, reply.headers)
  return reply
end

function account:request(spec)
  return exchange(self, spec)
end

-- A request of a login (lua/session.lua): without a session, for it is to bring one.
function account:sign_in(spec, take)
  return exchange(self, spec, true, take)
end

-- Before a script works with it: a session that lives, where the service has sessions.
function account:ready()
  if not self.declaration.session then
    return true
  end
  local ok, message, code, wait = rests(self)
  if ok then
    ok, message, code, wait = session.access(self)
    self.base = account.base(self.connection.body.base_url, self.declaration, self.secret.base)
  end
  return ok and true or nil, message, code, wait
end

-- The service refused what should be good (401): a new token or session, once. nil, message and
-- "reconnect" where there is nothing to renew.
function account:renew()
  local auth = self.declaration.auth
  if self.declaration.session then
    return session.renew(self)
  elseif auth and auth.kind == "oauth2" then
    return oauth.renew(self)
  end
  return nil, "the credential is not accepted", "reconnect"
end

return account
