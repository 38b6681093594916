-- Renewing a connection's credential, by one process at a time: it takes the lease, reads again, and keeps
-- the new one before it is used. Who waited for the lease uses what the other one got.
--   renewal.run(acct, stale, { living = function(secret) ... end, make = function(acct) ... end })
--     --> the credential | nil, message, code, wait_ms
-- `living` gives the credential of a secret that is still good; `make` gets a new one and keeps it by
-- renewal.keep. A refusal is `make`'s to judge: nothing is tried twice here.
local home = require("home")
local process = require("process")
local vault = require("vault")

local renewal = {}

local LEASE_MS, TRIES, NAP_MS = 90000, 400, 250
local me = process.name()

local function secret_name(acct)
  return "connection:" .. acct.connection.id
end

local function take_lease(acct, name)
  local t = home.txn(acct.ctx)
  t:lease(name, me, LEASE_MS)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  elseif done[1] ~= true and process.is_dead(done[1]) then
    t = home.txn(acct.ctx)
    t:lease_drop(name, done[1])
    t:commit()
  end
  return done[1] == true
end

local function drop_lease(acct, name)
  local t = home.txn(acct.ctx)
  t:lease_drop(name, me)
  t:commit()
end

local function reread(acct)
  local secret, revision = vault.get(acct.ctx, secret_name(acct))
  if secret then
    acct.secret, acct.revision = secret, revision
  end
end

-- The secret with what a renewal brought: its texts and when they end; all else that is kept stays.
function renewal.merged(old, made)
  local both, secrets = {}, {}
  for _, from in ipairs { old, made } do
    for name, v in pairs(from) do
      both[name] = v
    end
    for name, v in pairs(from.secrets) do
      secrets[name] = v
    end
  end
  both.secrets, both.expires, both.lasts = secrets, made.expires, made.lasts
  return both
end

-- Written only where nobody signed in again meanwhile ("conflict": theirs counts).
function renewal.keep(acct, secret)
  local t = home.txn(acct.ctx)
  vault.put(t, acct.ctx, secret_name(acct), secret, acct.revision)
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  acct.secret, acct.revision = secret, acct.revision + 1
  return true
end

-- With the lease held: whoever had it before may have done the work.
local function held(acct, stale, how)
  reread(acct)
  local value = how.living(acct.secret)
  if value and value ~= stale then
    return value
  end
  local made, message, code, more = how.make(acct)
  if not made and code == "conflict" then
    reread(acct)
    made = how.living(acct.secret)
  end
  return made, message, code, more
end

function renewal.run(acct, stale, how)
  local name = "refresh:" .. acct.connection.id
  for _ = 1, TRIES do
    local got, message, code = take_lease(acct, name)
    if got == nil then
      return nil, message, code
    elseif got then
      local r = table.pack(pcall(held, acct, stale, how))
      drop_lease(acct, name)
      if not r[1] then
        error(r[2], 0)
      end
      return table.unpack(r, 2, 5)
    end
    sw.sys.sleep(NAP_MS)
    reread(acct)
    local value = how.living(acct.secret)
    if value and value ~= stale then
      return value
    end
  end
  return nil, "another process holds the refresh of this connection and does not end", "again"
end

return renewal
