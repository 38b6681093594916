-- Channel "mqtt": a message to a topic of your broker (MQTT 3.1.1).
--   config.lua: channels = { mqtt = { url = "mqtt://broker:1883", topic = "home/syncwell", qos = 2 } }
--   mqtts://broker:8883 with TLS; user, password and ca_file as the broker wants them
-- QoS 2 (the default) is exactly once over crashes: packet id and step are recorded before the next
-- packet goes out, and a repeat goes on where the record ends. QoS 1 is at least once, 0 at most once.
local channels = require("channels")
local home = require("home")
local packets = require("mqtt")

local json = sw.json
local mqtt = { stands_in = 4, settings = {
  url = { "string", doc = "your broker: mqtt://HOST:1883 or mqtts://HOST" },
  topic = { "string", doc = "where messages are published" },
  qos = { "number", doc = "0, 1 or 2; with 2 each arrives exactly once", default = "2" },
  user = { "string", doc = "sign-in at the broker" },
  password = { "string", doc = "\"secret:NAME\" and `syncwell secrets set NAME`" },
  ca_file = { "string", doc = "certificates to trust" },
  homeassistant = { "boolean", doc = "sensors and a switch that holds the rules", default = "false" },
  homeassistant_switch = { "boolean", doc = "false: no switch; who may publish there may press it",
    default = "true" },
} }

local WAIT_S = 15
local MAX_PAYLOAD = 131072
local PORTS = { tcp = 1883, tls = 8883 }

local function settings(ctx)
  return channels.of(ctx, "mqtt")
end

-- "mqtts://broker" as the stream's "tls://broker:8883".
function mqtt.stream_url(url)
  local scheme, rest = url:match("^(%l+)://(.*)$")
  scheme = ({ mqtt = "tcp", mqtts = "tls" })[scheme] or scheme
  if PORTS[scheme] and not rest:find(":%d+$") then
    rest = rest .. ":" .. PORTS[scheme]
  end
  return scheme and scheme .. "://" .. rest or url
end

-- ---- who we are: one client a person, with a counter of packet ids ----

local function identity(ctx)
  local doc, why, code = sw.store.doc(ctx.who, ".mqtt", "client")
  if doc or why then
    return doc, why, code
  end
  local t = home.txn(ctx)
  local body = { client = "syncwell-" .. sw.sys.random(6), next = 1 }
  t:doc(".mqtt", "client", json.encode(body), { mode = "new" })
  local ok, message, kind = t:commit()
  if not ok then
    return nil, message, kind
  end
  return sw.store.doc(ctx.who, ".mqtt", "client")
end

-- The id of a new message: counted on in the transaction that records it.
local function new_id(ctx, steps)
  local doc, why, code = identity(ctx)
  if not doc then
    return nil, why, code
  end
  local id = doc.body.next
  local ok, message, kind = steps.remember({ id = id, step = "sent" }, function(t)
    local body = { client = doc.body.client, next = id % 65535 + 1 }
    t:doc(".mqtt", "client", json.encode(body), { revision = doc.revision })
  end)
  if not ok then
    return nil, message, kind
  end
  return id
end

-- ---- one connection, one message ----

-- The next packet of this kind (and id); others, late answers to older messages, are passed over.
local function await(link, kind, id)
  local until_ms = sw.time.mono() + WAIT_S * 1000
  while true do
    local p, rest = packets.decode(link.bytes)
    if p == false then
      return nil, rest, "broken"
    elseif p then
      link.bytes = rest
      if p.kind == kind and p.id == id then
        return p
      end
    else
      local left = (until_ms - sw.time.mono()) / 1000
      local more, why, code = link.stream:recv(1, math.max(left, 0.001))
      if not more then
        return nil, why, code
      end
      link.bytes = link.bytes .. more
    end
  end
end

local function greet(link, to, client)
  local hello = packets.connect { client = client, user = to.user, password = to.password }
  local ok, why, code = link.stream:send(hello, WAIT_S)
  if not ok then
    return nil, why, code
  end
  local p, message, kind = await(link, "connack")
  if not p then
    return nil, message, kind
  elseif p.refusal then
    return nil, p.refusal, p.code == 3 and "busy" or "bad"
  end
  link.session = p.session
  return true
end

local function sent(link, bytes)
  return link.stream:send(bytes, WAIT_S)
end

-- QoS 0: gone is gone. The answer to a ping behind it shows that the broker has read it.
local function once_at_most(link, _, m)
  local ok, why, code = sent(link, packets.publish(m) .. packets.pingreq())
  if ok then
    ok, why, code = await(link, "pingresp")
  end
  if not ok then
    return nil, why, code, true
  end
  return "done"
end

-- The message with its recorded id, as a repeat if it may have been sent before.
local function publish(link, ctx, m, steps)
  local why, code
  m.id = steps.memo and steps.memo.id
  m.dup = m.id ~= nil
  if not m.id then
    m.id, why, code = new_id(ctx, steps)
    if not m.id then
      return nil, why, code
    end
  end
  return sent(link, packets.publish(m))
end

local function once_at_least(link, ctx, m, steps)
  local ok, why, code = publish(link, ctx, m, steps)
  if ok then
    ok, why, code = await(link, "puback", m.id)
  end
  if not ok then
    return nil, why, code
  end
  return "done"
end

local function receive(link, ctx, m, steps)
  local ok, why, code = publish(link, ctx, m, steps)
  if ok then
    ok, why, code = await(link, "pubrec", m.id)
  end
  if ok then
    ok, why, code = steps.remember { id = m.id, step = "received" }
  end
  return ok, why, code
end

local function exactly_once(link, ctx, m, steps)
  local memo = steps.memo
  local received = memo and memo.step == "received"
  m.id = received and memo.id or nil
  if received and not link.session then
    return nil, "the broker has forgotten the session in the middle of the message", "lost"
  elseif not received then
    local ok, why, code = receive(link, ctx, m, steps)
    if not ok then
      return nil, why, code
    end
  end
  local ok, why, code = sent(link, packets.pubrel(m.id))
  if ok then
    ok, why, code = await(link, "pubcomp", m.id)
  end
  if not ok then
    return nil, why, code
  end
  return "done"
end

local function converse(link, ctx, m, steps)
  local doc, why, code = identity(ctx)
  if not doc then
    return nil, why, code
  end
  local ok, message, kind = greet(link, settings(ctx), doc.body.client)
  if not ok then
    return nil, message, kind
  end
  local deliver = ({ [0] = once_at_most, once_at_least, exactly_once })[m.qos]
  local state, reason, sort, left = deliver(link, ctx, m, steps)
  if state then
    sent(link, packets.disconnect())
  end
  return state, reason, sort, left
end

-- Two tasks with one client's name would throw each other off the broker: one after the other.
local busy = {}

local function alone(who)
  while busy[who] do
    sw.sys.sleep(10)
  end
  busy[who] = true
  return setmetatable({}, { __close = function() busy[who] = nil end })
end

-- Nil when this can be published, else why it never will be.
local function problem_of(to, m)
  if not to.url then
    return "mqtt has no address: channels = { mqtt = { url = \"mqtt://HOST\", topic = \"home/syncwell\" } } "
      .. "in config.lua"
  elseif m.qos ~= 0 and m.qos ~= 1 and m.qos ~= 2 then
    return "mqtt: 'qos' is 0, 1 or 2"
  elseif #m.payload > MAX_PAYLOAD then
    return "the message is longer than 128 KiB"
  end
  return packets.topic_problem(m.topic)
end

-- m: { topic, payload, qos, retain }. steps: { memo = what was remembered, remember = function(memo, more) }.
function mqtt.publish(ctx, m, steps)
  local to = settings(ctx)
  local problem = problem_of(to, m)
  if problem then
    return nil, problem, "bad"
  end
  local _ <close> = alone(ctx.who)
  local stream <close>, why, code = sw.stream.open { url = mqtt.stream_url(to.url), administrator = true,
    timeout_s = WAIT_S, ca_file = to.ca_file }
  if not stream then
    return nil, why, code == "refused" and "bad" or code
  end
  return converse({ stream = stream, bytes = "" }, ctx, m, steps)
end

-- How a message of this quality is done: what may be repeated, and by what.
local function how(qos, message)
  return { keyed = qos > 0, send = function(ctx, key, args, steps)
    local m = message(key, args)
    m.qos = qos
    return mqtt.publish(ctx, m, steps)
  end }
end

local function quality(ctx, args)
  return args.qos or settings(ctx).qos or 2
end

-- As a channel of notifications: JSON, with the key, for whoever listens.
function mqtt.open(ctx, args)
  return how(quality(ctx, args), function(key)
    return { topic = settings(ctx).topic or "syncwell", payload = json.encode { id = key, title = args.title,
      text = args.text, priority = args.priority, buttons = args.buttons or nil } }
  end)
end

-- As the action mqtt.publish: the rule's own topic and payload.
function mqtt.action(ctx, args)
  return how(quality(ctx, args), function()
    local payload = args.payload
    return { topic = args.topic, retain = args.retain,
      payload = type(payload) == "string" and payload or payload ~= nil and json.encode(payload) or "" }
  end)
end

function mqtt.send(ctx, key, args, steps)
  return mqtt.open(ctx, args).send(ctx, key, args, steps)
end

return mqtt
