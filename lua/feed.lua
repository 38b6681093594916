-- The address of the calendar feed: a secret made once, sealed as credentials are, so that neither the
-- database nor a backup tells it.
--   feed.secret(ctx)  --> its text | nil, message, code
local vault = require("vault")
local home = require("home")

local feed = {}

local NAME = "feed"

-- One that does not open was sealed with the key of another home (a backup without its key): it is made anew.
local function kept(ctx)
  local value = vault.get(ctx, NAME)
  return value and value.secrets.path
end

function feed.secret(ctx)
  local secret = kept(ctx)
  if secret then
    return secret
  end
  local old = sw.store.doc(ctx.who, ".feed", "calendar") -- of homes made before it was sealed
  secret = old and old.body.secret or sw.sys.random(24)
  local t = home.txn(ctx)
  vault.put(t, ctx, NAME, { secrets = { path = secret } })
  t:doc_delete(".feed", "calendar")
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return secret
end

return feed
