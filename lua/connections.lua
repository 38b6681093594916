-- Connections: a user's accounts at services. State and what to do about it stand in the row; credentials
-- are in the vault, cursors beside them.
--   connections.find(ctx, "strava")  --> { id, provider, name, state, body } | nil, message, code
--   connections.set_state(ctx, c, "needs_user", "Strava no longer ...")
-- States: active | needs_user | paused | revoked | error.
local home = require("home")
local notices = require("notices")
local schema = require("schema")

local json = sw.json
local connections = {}

-- Those that live services have; files and what is written by hand are connections too, without a poll.
local silent = { file = true, manual = true }

function connections.list(ctx)
  local all, message, code = sw.store.connections(ctx.who)
  if not all then
    return nil, message, code
  end
  local list = {}
  for _, c in ipairs(all) do
    if not silent[c.provider] then
      list[#list + 1] = c
    end
  end
  return list
end

-- "strava", "strava/second" or the number.
function connections.find(ctx, word)
  local list, message, code = connections.list(ctx)
  if not list then
    return nil, message, code
  end
  local names = {}
  for _, c in ipairs(list) do
    local full = connections.title(c)
    if c.id == word or full == word or c.provider == word and c.name == "main" or c.name == word then
      return c
    end
    names[#names + 1] = full
  end
  return nil, ("there is no connection '%s'%s"):format(tostring(word),
    #names > 0 and schema.did_you_mean(tostring(word), names) .. "; there are: " .. table.concat(names, ", ")
    or "; `syncwell connect PROVIDER` makes one"), "usage"
end

function connections.title(c)
  return c.name == "main" and c.provider or c.provider .. "/" .. c.name
end

-- Write state and body in a transaction.
function connections.put(t, c)
  t:connection_set(c.id, c.state, json.encode(c.body))
end

-- A state with its sentence. A change to needs_user is news: rules may listen to it, and the user is told.
function connections.set_state(ctx, c, state, sentence)
  local was, same = c.state, c.body.sentence == sentence
  if was == state and same then
    return true
  end
  c.state, c.body.sentence = state, sentence
  c.body.since = sw.time.now()
  local t = home.txn(ctx)
  connections.put(t, c)
  if state == "needs_user" and was ~= state then
    t:event(json.encode { event = "connection.needs_user", group = ("c%d.%d"):format(c.id, c.body.since),
      data = { kind = "connection", connection = connections.title(c), provider = c.provider,
        text = sentence } })
    t:dispatch(0)
    notices.send(ctx, t, "connection.needs_user", ("%d %d"):format(c.id, c.body.since), {
      connection = connections.title(c), why = sentence })
  end
  local ok, message, code = t:commit()
  if ok and state ~= "active" then
    sw.sys.log("warn", "sync", connections.title(c) .. ": " .. (sentence or state))
  end
  return ok and true or nil, message, code
end

-- A job found out that the permission is gone; a connection that rests anyway stays as it is.
function connections.set_needs_user(ctx, c, sentence)
  if c.state == "active" or c.state == "error" then
    return connections.set_state(ctx, c, "needs_user", sentence)
  end
  return true
end

-- --- cursors: until when a resource is known, without a gap ---

local function cursor_name(c, resource)
  return ("%d:%s"):format(c.id, resource)
end

function connections.cursor(ctx, c, resource)
  local doc = sw.store.doc(ctx.who, ".cursor", cursor_name(c, resource))
  return doc and doc.body or {}
end

function connections.put_cursor(t, c, resource, cursor)
  t:doc(".cursor", cursor_name(c, resource), json.encode(cursor))
end

-- --- hints: what a webhook said, until a sync has looked ---

-- { n = a name of its own, from = ms or nil }, revision; empty when there is none.
function connections.hint(ctx, c)
  local doc = sw.store.doc(ctx.who, ".hint", tostring(c.id))
  return doc and doc.body or {}, doc and doc.revision
end

-- Several hints are one: from the earliest instant that any of them points to.
function connections.put_hint(t, ctx, c, from)
  local old = connections.hint(ctx, c)
  from = from and math.min(from, old.from or from) or old.from
  t:doc(".hint", tostring(c.id), json.encode { n = sw.sys.random(8), from = from })
  connections.plan(t, c, sw.time.now(), "hint")
end

-- It was looked at; a conflict says that another came since.
function connections.heeded(t, c, revision)
  t:doc(".hint", tostring(c.id), "{}", { mode = "revision", revision = revision })
end

-- --- polling ---

connections.POLL_S = 900

-- Jitter of a tenth either way, so that a thousand connections made in one minute spread out.
local function jitter(ms)
  local r = tonumber("0x" .. sw.sys.random(3)) / 0xFFFFFF
  return math.floor(ms * (0.9 + 0.2 * r))
end

function connections.poll_s(c, declaration)
  local declared = declaration and declaration.poll_s
  return c.body.poll_s or declared and math.max(declared, 60) or connections.POLL_S
end

-- A sync of this connection is due at `due`; one that waits already keeps the earlier time.
function connections.plan(t, c, due, reason)
  t:job { kind = "sync", name = tostring(c.id), due = due, urgency = 1,
    payload = json.encode { connection = c.id,
    reason = reason } }
end

function connections.plan_next(t, c, declaration)
  connections.plan(t, c, sw.time.now() + jitter(connections.poll_s(c, declaration) * 1000), "poll")
end

-- That one, or all without a word.
function connections.chosen(ctx, word)
  if word then
    local c, message, code = connections.find(ctx, word)
    return c and { c } or nil, message, code
  end
  return connections.list(ctx)
end

return connections
