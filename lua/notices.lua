-- What SyncWell itself tells its user: each notice has a stable id and its text here, goes through the same
-- channels as what rules send, and can be turned off: return { notices = { ["rule.paused"] = false } }.
--   notices.send(ctx, t, "rule.paused", "hydrate 2026-03-01", { rule = "hydrate", why = "..." })
-- A notice is a firing of "syncwell" with one action, so it is recorded, retried and traced as they are.
local home = require("home")
local wording = require("wording")

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
  ["sync.failed"] = { title = "A sync fails for a day",
    text = "{connection} has brought nothing for a day: {why} It is tried again by itself; more is told by: "
      .. "syncwell connections show {connection}" },
  ["backup.failed"] = { title = "A backup failed", text = "The planned backup was not made: {why} "
    .. "It is tried again within the hour; by hand: syncwell backup now" },
  ["backup.late"] = { title = "There is no fresh backup",
    text = "The newest planned backup is {days} days old. Is syncwell running all the time? By hand: "
      .. "syncwell backup now" },
  ["channel.failing"] = { title = "Messages do not arrive",
    text = "{channel}: {why} What waits is sent once it can be; what did not arrive is told by: "
      .. "syncwell notifications" },
  ["calendar.failing"] = { title = "A calendar takes no entries",
    text = "{channel}: {why} What waits is brought once it can be; it is told by: syncwell jobs" },
  ["import.finished"] = { title = "An import is finished",
    text = "{files} files: {new} new, {updated} updated, {rejected} rejected." },
  ["disk.full"] = { title = "The disk is nearly full",
    text = "{left} MB are left where {home} lies. Make room, or nothing new can be kept." },
  ["check.found"] = { title = "The check found something",
    text = "{found} things are not as they were stored, the first: {why} Computed figures are mended by: "
      .. "syncwell check --repair" },
  ["week.word"] = { off = true, title = "SyncWell, this week",
    text = "{fired} firings of your rules, {sent} messages sent, {held} that did not arrive; {connections}" },
}

-- Settings of config.lua: { [id] = "boolean" }.
function notices.shape()
  local shape = {}
  for id in pairs(notices.texts) do
    shape[id] = "boolean"
  end
  return shape
end

local function worded(ctx, id, values)
  local title, text = wording.of(ctx, id, notices.texts[id])
  return wording.fill(title, values, ""), wording.fill(text, values, "")
end

-- config.lua has the first word, then the person's own (`syncwell notices off ID`).
function notices.wanted(ctx, id)
  local said = (ctx.config and ctx.config.notices or {})[id]
  if said == nil then
    said = home.setting(ctx, "notices")[id]
  end
  if said == nil then
    return not notices.texts[id].off
  end
  return said
end

-- Into a transaction; of one id and key it is sent once, whoever notices first. By another channel than the
-- default where that one is the trouble.
function notices.send(ctx, t, id, key, values, channel)
  if not notices.wanted(ctx, id) then
    return
  end
  local title, text = worded(ctx, id, values)
  local at, name = sw.time.now(), ("syncwell|%s %s"):format(id, key)
  local body = { rule = "syncwell", key = id .. " " .. key, at = sw.time.iso(at, home.offset(ctx, at)),
    event = { kind = "notice", type = id, id = key }, outcome = "fired", log = json.list(),
    actions = json.list { { action = "notify", state = "planned",
      args = { title = title, text = text, channel = channel } } } }
  if sw.store.doc(ctx.who, "firing", name) then
    return
  end
  t:doc("firing", name, json.encode(body), { at = at })
  t:job(require("outlets").job(ctx, name, 1, body.actions[1], at)) -- which needs us for what it tells
end

-- The same in a transaction of its own.
function notices.tell(ctx, id, key, values)
  local t = home.txn(ctx)
  if not notices.wanted(ctx, id) or sw.store.doc(ctx.who, "firing", ("syncwell|%s %s"):format(id, key)) then
    return true
  end
  notices.send(ctx, t, id, key, values)
  return t:commit()
end

return notices
