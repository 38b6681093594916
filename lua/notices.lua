-- What SyncWell itself tells its user: each notice has a stable id and its text here, goes through the same
-- channels as what rules send, and can be turned off: return { notices = { ["rule.paused"] = false } }.
--   notices.send(ctx, t, "rule.paused", "hydrate 2026-03-01", { rule = "hydrate", why = "..." })
-- A notice is a firing of "syncwell" with one action, so it is recorded, retried and traced as they are.
local home = require("home")

local json = sw.json
local notices = {}

notices.texts = {
  ["rule.paused"] = { title = "A rule was paused",
    text = "'{rule}' failed {times} times in a row and rests now: {why} "
      .. "Mend it, or go on with: syncwell rules resume {rule}" },
  ["connection.needs_user"] = { title = "A connection needs you", text = "{connection}: {why}" },
  ["connection.paused"] = { title = "A connection was paused",
    text = "The script of {connection} failed {times} times in a row: {why} "
      .. "Mend it, then: syncwell connections resume {connection}" },
}

-- Settings of config.lua: { [id] = "boolean" }.
function notices.shape()
  local shape = {}
  for id in pairs(notices.texts) do
    shape[id] = "boolean"
  end
  return shape
end

local function worded(id, values)
  return (notices.texts[id].text:gsub("{(%l+)}", function(name)
    return sw.sys.clean(tostring(values[name] or "")):sub(1, 400)
  end))
end

-- Into a transaction; of one id and key it is sent once, whoever notices first.
function notices.send(ctx, t, id, key, values)
  local wanted = ctx.config and ctx.config.notices or {}
  if wanted[id] == false then
    return
  end
  local at, name = sw.time.now(), ("syncwell|%s %s"):format(id, key)
  local body = { rule = "syncwell", key = id .. " " .. key, at = sw.time.iso(at, home.offset(ctx, at)),
    event = { kind = "notice", type = id, id = key }, outcome = "fired", log = json.list(),
    actions = json.list { { action = "notify", state = "planned",
      args = { title = notices.texts[id].title, text = worded(id, values) } } } }
  if sw.store.doc(ctx.who, "firing", name) then
    return
  end
  t:doc("firing", name, json.encode(body), { at = at })
  t:job { kind = "action", name = name .. "#1", due = at, payload = json.encode { firing = name, n = 1 } }
end

return notices
