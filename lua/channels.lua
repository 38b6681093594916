-- The channels that messages leave by. A file of lua/notify is one: { keyed, settings, stands_in,
-- send(ctx, key, args, steps) }. `keyed`: the same key twice is one message, so it may be sent again.
-- `settings` is what config.lua may say of it: { url = { "string", doc = "where it is", default = "" } }.
-- `stands_in`: a number, for one that may tell of another that is ill, the lowest first.
--   channels.of(ctx, "mqtt")                         --> what config.lua says of it, {} for nothing
--   local own = channels.with_secrets(ctx, "mqtt")   --> a ctx whose config.channels.mqtt has its secrets:
-- "secret:NAME" stands for what `syncwell secrets set NAME` keeps, so that config.lua holds none.
local lua_files = require("lua_files")
local vault = require("vault")

local channels = {}

function channels.known(name)
  return name:find("^%l[%l_]*$") ~= nil
    and sw.fs.stat(("%s/lua/notify/%s.lua"):format(sw.sys.share(), name)) ~= nil
end

function channels.names()
  return lua_files.names(sw.sys.share() .. "/lua/notify")
end

-- What each may be told in config.lua: { ntfy = { url = { "string", doc = ... } } ... }
function channels.settings()
  local all = {}
  for _, name in ipairs(channels.names()) do
    all[name] = require("notify." .. name).settings
  end
  return all
end

function channels.of(ctx, name)
  return ctx.config and ctx.config.channels and ctx.config.channels[name] or {}
end

-- Those that may tell of another, the first choice first.
function channels.stand_ins()
  local list, rank = {}, {}
  for _, name in ipairs(channels.names()) do
    rank[name] = require("notify." .. name).stands_in
    list[#list + 1] = rank[name] and name
  end
  table.sort(list, function(a, b) return rank[a] < rank[b] end)
  return list
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
