-- Packets of MQTT 3.1.1 as bytes and back. Pure: no sockets, no state.
--   mqtt.publish { topic = "a/b", payload = "x", qos = 2, id = 7, dup = true }   --> bytes
--   local packet, rest = mqtt.decode(bytes)      --> { kind = "pubrec", id = 7 }, "" | nil (more is needed)
--   local packet, why = mqtt.decode(bytes)       --> false, sentence (these bytes are no MQTT)
local mqtt = {}

mqtt.MAX_PACKET = 262144

local CODE = { connect = 1, connack = 2, publish = 3, puback = 4, pubrec = 5, pubrel = 6, pubcomp = 7,
  subscribe = 8, suback = 9, unsubscribe = 10, unsuback = 11, pingreq = 12, pingresp = 13, disconnect = 14 }
local NAME = {}
for name, code in pairs(CODE) do
  NAME[code] = name
end

local REFUSALS = { "the broker does not speak MQTT 3.1.1", "the broker does not accept the client's name",
  "the broker is not available", "the broker does not accept user and password", "the broker allows it not" }

-- ---- out ----

local function length(n)
  local out = ""
  repeat
    local seven = n & 127
    n = n >> 7
    out = out .. string.char(n > 0 and seven | 128 or seven)
  until n == 0
  return out
end

local function packet(kind, flags, body)
  return string.char(CODE[kind] << 4 | flags) .. length(#body) .. body
end

-- c: { client, user, password, keepalive_s, clean, will = { topic, payload } }; the session is kept unless
-- it is clean; a will is retained and of QoS 1.
function mqtt.connect(c)
  local will = c.will or {}
  local flags = (c.user and 128 or 0) | (c.password and 64 or 0) | (c.will and 4 | 8 | 32 or 0)
    | (c.clean and 2 or 0)
  local body = string.pack(">s2BBI2s2", "MQTT", 4, flags, c.keepalive_s or 60, c.client)
  for _, text in ipairs { will.topic or false, will.payload or false, c.user or false,
    c.password or false } do
    body = text and body .. string.pack(">s2", text) or body
  end
  return packet("connect", 0, body)
end

function mqtt.publish(m)
  local flags = (m.dup and 8 or 0) | m.qos << 1 | (m.retain and 1 or 0)
  local id = m.qos > 0 and string.pack(">I2", m.id) or ""
  return packet("publish", flags, string.pack(">s2", m.topic) .. id .. m.payload)
end

-- list: { { filter, qos } ... }
function mqtt.subscribe(id, list)
  local body = string.pack(">I2", id)
  for _, one in ipairs(list) do
    body = body .. string.pack(">s2B", one[1], one[2])
  end
  return packet("subscribe", 2, body)
end

function mqtt.puback(id) return packet("puback", 0, string.pack(">I2", id)) end
function mqtt.pubrec(id) return packet("pubrec", 0, string.pack(">I2", id)) end
function mqtt.pubrel(id) return packet("pubrel", 2, string.pack(">I2", id)) end
function mqtt.pubcomp(id) return packet("pubcomp", 0, string.pack(">I2", id)) end
function mqtt.pingreq() return packet("pingreq", 0, "") end
function mqtt.disconnect() return packet("disconnect", 0, "") end

-- Nil when messages can be published there, else why not.
function mqtt.topic_problem(topic)
  if type(topic) ~= "string" or topic == "" or #topic > 1024 then
    return "a topic has 1 to 1024 bytes"
  elseif not utf8.len(topic) or topic:find("[%c+#]") then
    return "a topic is UTF-8 without control bytes, + and #"
  end
end

-- ---- in ----

-- Length of the body and where it begins; nil: more is needed; false: it never ends.
local function body_at(bytes)
  local n = 0
  for i = 0, 3 do
    local b = bytes:byte(2 + i)
    if not b then
      return nil
    end
    n = n | (b & 127) << 7 * i
    if b < 128 then
      return n, 3 + i
    end
  end
  return false
end

local read = {}

function read.connack(body)
  if #body == 2 then
    local session, code = body:byte(1, 2)
    return { session = session & 1 == 1, code = code, refusal = code > 0 and (REFUSALS[code]
      or "the broker refuses for an unknown reason") or nil }
  end
end

function read.publish(body, flags)
  local qos = flags >> 1 & 3
  local n = #body >= 2 and string.unpack(">I2", body) or math.huge
  if qos < 3 and #body >= 2 + n + (qos > 0 and 2 or 0) then
    local topic, at = string.unpack(">s2", body)
    local id
    if qos > 0 then
      id, at = string.unpack(">I2", body, at)
    end
    return { topic = topic, payload = body:sub(at), qos = qos, id = id, dup = flags & 8 > 0,
      retain = flags & 1 > 0 }
  end
end

local function only_id(body)
  return #body == 2 and { id = string.unpack(">I2", body) } or nil
end
read.puback, read.pubrec, read.pubrel, read.pubcomp = only_id, only_id, only_id, only_id

function read.pingresp()
  return {}
end

function mqtt.decode(bytes)
  local n, at = body_at(bytes)
  if n == nil then
    return nil
  elseif not n or n > mqtt.MAX_PACKET then
    return false, "the broker sends a packet that is too long"
  elseif #bytes < at + n - 1 then
    return nil
  end
  local first = bytes:byte(1)
  local kind = NAME[first >> 4]
  local parse = kind and read[kind] or function() return kind and {} end
  local p = parse(bytes:sub(at, at + n - 1), first & 15)
  if not p then
    return false, "the broker sends what is no MQTT 3.1.1"
  end
  p.kind = kind
  return p, bytes:sub(at + n)
end

return mqtt
