-- Credentials: sealed tables by name, opened only here. What is opened never leaves by a log line.
--   local secret, revision = vault.get(ctx, "connection:42")   --> { access = ..., refresh = ... } | nil
--   vault.put(t, ctx, "connection:42", secret, revision)    -- with a revision: only if unchanged
local url = require("url")

local vault = {}

local json = sw.json

-- A sealed text opens only for the person and the name it was sealed for.
local function purpose(ctx, name)
  return ("%d:%s"):format(ctx.who, name)
end

local function remember(value)
  if type(value) == "string" then
    sw.crypto.hide(value)
    sw.crypto.hide(url.escape(value)) -- as it stands in an address
  elseif type(value) == "table" then
    for _, v in pairs(value) do
      remember(v)
    end
  end
end

-- From now on these are hidden, wherever a service or a script may repeat them.
function vault.hide(secret)
  remember(secret.secrets)
end

function vault.get(ctx, name)
  local row, message, code = sw.store.sealed(ctx.who, name)
  if not row then
    return nil, message, code
  end
  local text, why, kind = sw.crypto.unseal(purpose(ctx, name), row.sealed)
  if not text then
    return nil, why, kind
  end
  local value = json.decode(text)
  remember(value.secrets)
  return value, row.revision
end

-- value: { secrets = { ... texts that must never be seen }, ... what may be shown }
function vault.put(t, ctx, name, value, revision)
  remember(value.secrets)
  t:secret(name, sw.crypto.seal(purpose(ctx, name), json.encode(value)), revision)
end

return vault
