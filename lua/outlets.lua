-- The channels that messages leave by, as they fare: one message at a time, a rest after a failure (as long
-- as the server asks for, else longer each time), and what is told of a channel that takes none.
--   local lane <close>, waited = outlets.enter(ctx, "ntfy")    -- one behind the other, as they ask
--   outlets.rests_until(ctx, "ntfy")                   --> ms, why | nil: it may be tried
--   outlets.went(t, "ntfy")   outlets.failed(t, ctx, "ntfy", why, told_ms)
--   outlets.lost(t, ctx, "ntfy", why, quiet)
-- A document ".channel" stands for each that is not well; a message that goes out removes it.
local channels = require("channels")
local connections = require("connections")
local notices = require("notices")

local json = sw.json
local outlets = {}

local HOUR_MS, DAY_MS = 3600000, 86400000
local STALE_MS = 7 * DAY_MS -- nothing was sent by it since: it is no channel of this home any more

-- Those that stand on this machine take what they are given.
local INSIDE = { file = true, log = true }

local lanes = {} -- person and channel -> { next = ticket to give, serving = ticket whose turn it is }

function outlets.enter(ctx, name)
  local key = ctx.who .. "|" .. name
  local lane = lanes[key] or { next = 0, serving = 0 }
  lanes[key] = lane
  local ticket = lane.next
  lane.next = ticket + 1
  local waited = lane.serving < ticket
  while lane.serving < ticket do
    sw.sys.sleep(10)
  end
  return setmetatable({}, { __close = function() lane.serving = lane.serving + 1 end }), waited
end

-- The channel of a message: its own word, else the home's default, else the file.
function outlets.name(ctx, args)
  return args.channel or (ctx.config and ctx.config.channels or {}).default or "file"
end

-- The name of a connection that entries are brought to; no channel has a space in its name.
function outlets.of_connection(c)
  return "calendar " .. connections.title(c)
end

local function is_connection(name)
  return name:find(" ", 1, true) ~= nil
end

-- The job that performs action n of a firing. What leaves the machine is done beside the others.
function outlets.job(ctx, firing, n, a, due)
  local beside = a.action == "mqtt.publish" or a.action == "notify" and not INSIDE[outlets.name(ctx, a.args)]
  return { kind = "action", name = ("%s#%d"):format(firing, n), due = due, payload = json.encode {
    firing = firing, n = n, beside = beside or nil } }
end

local function read(ctx, name)
  local doc = sw.store.doc(ctx.who, ".channel", name)
  return doc and doc.body
end

-- A rest that lies further ahead than one is ever given is a clock that was wrong.
function outlets.rests_until(ctx, name)
  local body, now = not INSIDE[name] and read(ctx, name) or nil, sw.time.now()
  local rest = body and body.rests
  if rest and rest > now and rest <= now + DAY_MS + HOUR_MS then
    return rest, body.why
  end
end

-- Another channel for a word about one that is ill: the default, else one that is set up, else the file.
local function other(ctx, name)
  local set, default = ctx.config and ctx.config.channels or {}, outlets.name(ctx, {})
  if default ~= name then
    return default
  end
  for _, candidate in ipairs(channels.stand_ins()) do
    if candidate ~= name and type(set[candidate]) == "table" and set[candidate].url then
      return candidate
    end
  end
  return "file"
end

local function tell(t, ctx, name, body)
  if not body.told then
    body.told = true
    local id = is_connection(name) and "calendar.failing" or "channel.failing"
    notices.send(ctx, t, id, ("%s %d"):format(name, body.since), { channel = name,
      why = body.why:gsub("[^.!?]$", "%0.") }, other(ctx, name))
  end
end

local function begun(ctx, name, why)
  local body, now = read(ctx, name) or {}, sw.time.now()
  if body.last and now - body.last > STALE_MS then
    body = {}
  end
  body.since, body.last, body.why = math.min(body.since or now, now), now, why -- a clock may have gone back
  body.failures, body.lost = body.failures or 0, body.lost or 0
  return body, now
end

local function write(t, name, body)
  t:doc(".channel", name, json.encode(body), { at = body.last })
end

-- Into the transaction that ends a message; blindly, since another process may have found the channel ill.
function outlets.went(t, name)
  t:doc_delete(".channel", name)
end

-- It takes nothing now; gives when it may be tried again.
function outlets.failed(t, ctx, name, why, told_ms)
  local body, now = begun(ctx, name, why)
  body.failures = body.failures + 1
  local pause = math.min(HOUR_MS, 1000 * 2 ^ math.min(body.failures, 12))
  body.rests = INSIDE[name] and 0 or math.tointeger(now + math.max(told_ms or 0, pause) // 1)
  if now - body.since >= HOUR_MS then
    tell(t, ctx, name, body)
  end
  write(t, name, body)
  return math.max(body.rests, now + math.tointeger(pause // 1))
end

-- A message that will not arrive, or of which nobody knows.
function outlets.lost(t, ctx, name, why, quiet)
  local body = begun(ctx, name, why)
  body.lost = body.lost + 1
  if not quiet then
    tell(t, ctx, name, body)
  end
  write(t, name, body)
  sw.sys.log(ctx.daemon and "error" or "debug", "notify", ("%s: a message did not arrive (%s); what it said "
    .. "is kept: syncwell notifications"):format(name, why))
end

-- Channels that there are always, and the connections that there are still.
local function there(ctx)
  local names = {}
  for _, c in ipairs(connections.list(ctx) or {}) do
    names[outlets.of_connection(c)] = true
  end
  return function(name) return not is_connection(name) or names[name] end
end

-- Those that lost a message, or have taken none for an hour: { { channel, since, why, lost, calendar = it is
-- one that entries are brought to } ... }
function outlets.ill(ctx)
  local list, now, is_there = json.list(), sw.time.now(), there(ctx)
  for _, doc in ipairs(sw.store.docs(ctx.who, ".channel", {}) or {}) do
    local b = doc.body
    if is_there(doc.name) and now - b.last <= STALE_MS and (b.lost > 0 or now - b.since >= HOUR_MS) then
      list[#list + 1] = { channel = doc.name, since = b.since, why = b.why, lost = b.lost,
        calendar = is_connection(doc.name) or nil }
    end
  end
  return list
end

return outlets
