-- Settings of channels with their secrets filled in: "secret:NAME" stands for what `syncwell secrets set
-- NAME` keeps, so that config.lua holds none.
--   local own = channels.with_secrets(ctx, "mqtt")   --> a ctx whose config.channels.mqtt has them
local vault = require("vault")

local channels = {}

-- A file of lua/notify is a channel.
function channels.known(name)
  return name:find("^%l[%l_]*$") ~= nil
    and sw.fs.stat(("%s/lua/notify/%s.lua"):format(sw.sys.share(), name)) ~= nil
end

function channels.names()
  local names = {}
  for _, file in ipairs(sw.fs.list(sw.sys.share() .. "/lua/notify") or {}) do
    names[#names + 1] = file:match("^([%l_]+)%.lua$")
  end
  table.sort(names)
  return names
end

function channels.with_secrets(ctx, name)
  local all = ctx.config and ctx.config.channels or {}
  local settings, copy = all[name], nil
  for key, value in pairs(type(settings) == "table" and settings or {}) do
    local secret = type(value) == "string" and value:match("^secret:([%w_]+)$")
    local kept = secret and vault.get(ctx, "user:" .. secret)
    if secret and not kept then
      return nil, ("%s: there is no secret '%s'; keep it with: syncwell secrets set %s"):format(name, secret,
        secret), "bad"
    elseif kept then
      copy = copy or setmetatable({}, { __index = settings })
      copy[key] = kept.secrets.value
    end
  end
  if not copy then
    return ctx
  end
  local config = setmetatable({ channels = setmetatable({ [name] = copy }, { __index = all }) },
    { __index = ctx.config })
  return setmetatable({ config = config }, { __index = ctx })
end

return channels
