-- The line to Home Assistant: a connection to the broker that stays while the engine runs, with a last will,
-- so that the sensors of a machine that is off are shown as unavailable. Everything is retained; after each
-- connect all of it is told again, then what has changed.
--   config.lua: channels = { mqtt = { url = "mqtt://broker", homeassistant = true } }
--   ha_link.begin(ctx)   asked at the start and after each change of config.lua
local channels = require("channels")
local data = require("data")
local holding = require("holding")
local home = require("home")
local packets = require("mqtt")
local stream_url = require("notify.mqtt").stream_url
local words = require("homeassistant")

local json = sw.json
local ha_link = {}

local WAIT_S, PING_MS, LOST_MS, EVERY_MS = 15, 20000, 50000, 3000
local AGAIN_MS, AGAIN_MOST_MS, BACK_DAYS = 1000, 60000, 30

local function settings(ctx)
  return channels.of(ctx, "mqtt")
end

function ha_link.wanted(ctx)
  return settings(ctx).homeassistant == true and settings(ctx).url ~= nil
end

-- Whoever may publish to the broker may press the switch: with `homeassistant_switch = false` there is none.
local function mute(ctx)
  return settings(ctx).homeassistant_switch == false
end

-- A name for this home on brokers, made once.
local function mark_of(ctx)
  local first = (sw.store.people() or {})[1]
  local doc = sw.store.doc(first.id, ".mqtt", "homeassistant")
  if doc then
    return doc.body.id
  end
  local id = sw.sys.random(4)
  local t = sw.txn.new(first.id, first.name, first.zone)
  t:doc(".mqtt", "homeassistant", json.encode { id = id }, { mode = "new" })
  return t:commit() and id or mark_of(ctx)
end

local function people(ctx, mark)
  local list = {}
  for i, p in ipairs(sw.store.people() or {}) do
    list[i] = { ctx = setmetatable({ who = p.id, name = p.name, zone = p.zone }, { __index = ctx }),
      words = words.person(mark, p.name) }
  end
  return list
end

-- --- what there is to tell ---

-- The newest day of each metric, and those metrics in their order.
local function values_of(ctx)
  local today, values, list = home.day(ctx, sw.time.now()), {}, {}
  for _, name in ipairs(words.metrics) do
    local rows = data.daily(ctx, name, today - BACK_DAYS, today) or {}
    local row = rows[#rows]
    if row and row.value then
      local value = math.floor(row.value * 100 + 0.5) / 100
      values[name] = { day = sw.time.day_text(row.day),
        value = math.tointeger(value) or value }
      list[#list + 1] = data.metrics()[name]
    end
  end
  return values, list
end

local function everything(ctx, mark)
  local list = {}
  for _, p in ipairs(people(ctx, mark)) do
    local values, metrics = values_of(p.ctx)
    local said = { words.discovery(p.words, metrics, mute(ctx)),
      words.states(p.words, values, holding.is(p.ctx), mute(ctx)) }
    for _, messages in ipairs(said) do
      for _, m in ipairs(messages) do
        m.who = p.ctx.who
        list[#list + 1] = m
      end
    end
  end
  return list
end

-- --- the line ---

local function send(link, bytes)
  local ok, message, code = link.stream:send(bytes, WAIT_S)
  link.sent = sw.time.mono()
  return ok, message, code
end

local function publish(link, topic, payload)
  link.id = link.id % 65535 + 1
  return send(link, packets.publish { topic = topic, payload = payload, qos = 1, id = link.id,
    retain = true })
end

-- A broker keeps what it was told until it is told nothing: of who was erased, all of it goes.
local function forget_erased(link)
  local there = {}
  for _, p in ipairs(sw.store.people() or {}) do
    there[p.id] = true
  end
  for topic, who in pairs(link.whose) do
    if not there[who] then
      local ok, message, code = publish(link, topic, "")
      if not ok then
        return nil, message, code
      end
      link.whose[topic], link.told[topic] = nil, nil
    end
  end
  return true
end

local function tell_changes(link)
  link.version, link.told_at = sw.store.wake(), sw.time.mono()
  for _, m in ipairs(everything(link.ctx, link.mark)) do
    if link.told[m.topic] ~= m.payload then
      local ok, message, code = publish(link, m.topic, m.payload)
      if not ok then
        return nil, message, code
      end
      link.told[m.topic], link.whose[m.topic] = m.payload, m.who
    end
  end
  return forget_erased(link)
end

-- Sensors that nobody feeds any more are taken away. The answers are read to their end: a connection that is
-- closed on unread ones is reset, and the broker may lose what it has not read yet.
local function take_back(link)
  for topic in pairs(link.told) do
    if topic:find("/config$") then
      publish(link, topic, "")
    end
  end
  publish(link, words.available(link.mark), "offline")
  send(link, packets.disconnect())
  repeat until not link.stream:recv(1, 2)
end

local function command(link, topic, payload)
  for _, p in ipairs(people(link.ctx, link.mark)) do
    if topic == p.words.base .. "/pause/set" then
      local verb = payload == "ON" and "hold" or payload == "OFF" and "go_on"
      if verb then
        sw.sys.log("info", "mqtt", ("rules of %s: %s by Home Assistant"):format(p.ctx.name,
          verb == "hold" and "paused" or "resumed"))
        holding[verb](p.ctx)
      end
      link.told[p.words.base .. "/pause"] = nil -- said again, also when nothing changed
      link.version = nil
    end
  end
end

local function hear(link, packet)
  if packet.kind == "publish" then
    if packet.qos == 1 then
      send(link, packets.puback(packet.id))
    end
    if not packet.retain and not link.mute then
      command(link, packet.topic, packet.payload)
    end
  end
end

-- Packets that are there, waiting a moment for one.
local function listen(link)
  local more, message, code = link.stream:recv(1, 1)
  if not more then
    return code == "timeout" and sw.time.mono() - link.heard < LOST_MS, message or "the broker is silent"
  end
  link.heard, link.bytes = sw.time.mono(), link.bytes .. more
  while true do
    local packet, rest = packets.decode(link.bytes)
    if packet == false then
      return false, rest
    elseif not packet then
      return true
    end
    link.bytes = rest
    hear(link, packet)
  end
end

local function greeted(link, to)
  local ok, message = send(link, packets.connect { client = ("syncwell-%s-ha"):format(link.mark),
    clean = true, user = to.user, password = to.password, keepalive_s = 60,
    will = { topic = words.available(link.mark), payload = "offline" } })
  while ok do
    local packet, rest = packets.decode(link.bytes)
    if packet then
      link.bytes = rest
      return packet.kind == "connack" and not packet.refusal, packet.refusal or "the broker does not greet"
    elseif packet == false then
      return false, rest
    end
    ok, message = link.stream:recv(1, WAIT_S)
    link.bytes = link.bytes .. (ok or "")
  end
  return false, message
end

local function opened(ctx)
  local own, message = channels.with_secrets(ctx, "mqtt")
  if not own then
    return nil, message
  end
  local to = settings(own)
  local stream, why = sw.stream.open { url = stream_url(to.url), administrator = true, timeout_s = WAIT_S,
    ca_file = to.ca_file }
  if not stream then
    return nil, why
  end
  local now = sw.time.mono()
  local link = { ctx = ctx, stream = stream, bytes = "", id = 0, told = {}, whose = {}, mark = mark_of(ctx),
    heard = now, sent = now, url = to.url, mute = mute(own) }
  local ok
  ok, message = greeted(link, to)
  if not ok then
    stream:close()
    return nil, message
  end
  return link
end

local function begun(link)
  local commands = ("syncwell/%s/+/pause/set"):format(link.mark)
  local ok, message = true, nil
  if not link.mute then
    ok, message = send(link, packets.subscribe(1, { { commands, 1 } }))
  end
  if ok then
    ok, message = tell_changes(link)
  end
  if ok then
    ok, message = publish(link, words.available(link.mark), "online")
  end
  return ok, message
end

-- One connection until it breaks or is not wanted any more: false and why, or true.
local function attend(link)
  local ok, message = begun(link)
  while ok do
    if not ha_link.wanted(link.ctx) or settings(link.ctx).url ~= link.url then
      take_back(link)
      return true
    elseif mute(link.ctx) ~= link.mute then
      return false, "config.lua changed"
    end
    ok, message = listen(link)
    local now = sw.time.mono()
    if ok and now - link.sent > PING_MS then
      ok, message = send(link, packets.pingreq())
    end
    if ok and link.version ~= sw.store.wake() and now - link.told_at > EVERY_MS then
      ok, message = tell_changes(link)
    end
  end
  return false, message
end

-- A connection that came about begins the waiting anew.
local function once(ctx, wait_ms)
  local link, message = opened(ctx)
  if link then
    local _, why = attend(link)
    link.stream:close()
    message, wait_ms = why, AGAIN_MS
  end
  if message then
    sw.sys.log("warn", "mqtt", ("Home Assistant: %s; tried again in %d s"):format(sw.sys.clean(message),
      wait_ms // 1000))
  end
  return wait_ms
end

local running = {}

function ha_link.begin(ctx)
  if running[ctx.home] or ctx.daemon ~= "forever" or not ha_link.wanted(ctx) then
    return
  end
  running[ctx.home] = true
  sw.spawn(function()
    local wait_ms = AGAIN_MS
    while ha_link.wanted(ctx) do
      wait_ms = once(ctx, wait_ms)
      sw.sys.sleep(wait_ms)
      wait_ms = math.min(wait_ms * 2, AGAIN_MOST_MS)
    end
    running[ctx.home] = nil
  end)
end

return ha_link
