-- SPDX-License-Identifier: MIT
-- Packets of MQTT 3.1.1: the bytes of the standard, what is read back, and what is no MQTT.
local mqtt = require("mqtt")

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function bytes(text)
  return (text:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end))
end

describe("packets", function()
  it("go out as the standard writes them", function()
    expect(hex(mqtt.connect { client = "sw", keepalive_s = 10 })).equals("100e00044d5154540400000a00027377")
    expect(hex(mqtt.connect { client = "sw", user = "u", password = "p" })).equals("101400044d51545404c0003c00027377000175000170")
    expect(hex(mqtt.connect { client = "sw", password = "p" })).equals("101100044d5154540440003c00027377000170")
    expect(hex(mqtt.connect { client = "sw", clean = true, will = { topic = "a", payload = "b" } })).equals("101400044d515454042e003c00027377000161000162")
    expect(hex(mqtt.subscribe(7, { { "a/#", 1 } }))).equals("820800070003612f2301")
    expect(hex(mqtt.publish { topic = "a/b", payload = "hi", qos = 0 })).equals("30070003612f626869")
    expect(hex(mqtt.publish { topic = "a/b", payload = "hi", qos = 1, id = 10, retain = true })).equals("33090003612f62000a6869")
    expect(hex(mqtt.publish { topic = "a/b", payload = "hi", qos = 2, id = 65535, dup = true })).equals("3c090003612f62ffff6869")
    expect(hex(mqtt.puback(1) .. mqtt.pubrec(2) .. mqtt.pubrel(3) .. mqtt.pubcomp(4))).equals("40020001500200026202000370020004")
    expect(hex(mqtt.pingreq() .. mqtt.disconnect())).equals("c000e000")
  end)

  it("of every length are read back, whole or in pieces", function()
    for _, n in ipairs { 0, 1, 118, 119, 120, 16374, 16375, 16376, 100000 } do
      local m = { topic = "täst", payload = ("\0x"):rep(n):sub(1, n), qos = 2, id = 513, dup = true, retain = true }
      local raw = mqtt.publish(m)
      local p, rest = mqtt.decode(raw .. "more")
      expect(p.kind .. p.topic .. p.id .. p.qos .. tostring(p.dup) .. tostring(p.retain)).equals("publishtäst5132truetrue")
      expect(p.payload == m.payload).is_true()
      expect(rest).equals("more")
      for _, cut in ipairs { 0, 1, 2, #raw // 2, #raw - 1 } do
        expect(mqtt.decode(raw:sub(1, cut))).is_nil()
      end
    end
  end)

  it("of a broker are understood", function()
    expect(mqtt.decode(bytes "20020100")).equals { kind = "connack", session = true, code = 0 }
    expect(mqtt.decode(bytes "20020005").refusal).contains("allows it not")
    expect(mqtt.decode(bytes "200200ff").refusal).contains("unknown reason")
    for first, kind in pairs { ["4002"] = "puback", ["5002"] = "pubrec", ["6202"] = "pubrel", ["7002"] = "pubcomp" } do
      expect(mqtt.decode(bytes(first .. "1234"))).equals { kind = kind, id = 0x1234 }
    end
    expect(mqtt.decode(bytes "d000").kind).equals("pingresp")
    expect(mqtt.decode(bytes "9003000100").kind).equals("suback")
  end)

  it("that are none are told, and no number of bytes makes the reader fail", function()
    for _, raw in ipairs { "3080808080", "30ffffff7f", "2001", "f000", "0000", "40021", "400100", "30020005", "3601ff", "32030001613000" } do
      local p, why = mqtt.decode(bytes(raw))
      expect(p == nil or p == false and why:find("the broker sends") ~= nil or type(p) == "table").is_true()
    end
    expect((mqtt.decode(bytes "30ffffffff"))).equals(false)
    expect((mqtt.decode(bytes "f000"))).equals(false)
    expect((mqtt.decode(bytes "400100"))).equals(false)
    expect((mqtt.decode(bytes "30020005"))).equals(false)
    math.randomseed(7)
    for _ = 1, 20000 do
      local raw = {}
      for i = 1, math.random(0, 12) do
        raw[i] = string.char(math.random(0, i == 2 and 12 or 255))
      end
      mqtt.decode(table.concat(raw))
    end
  end)

  it("go to topics that may be published to", function()
    for _, topic in ipairs { "a", "home/syncwell", "täst/€", "/", "a//b" } do
      expect(mqtt.topic_problem(topic)).is_nil()
    end
    for _, topic in ipairs { "", "a/+", "#", "a\0b", "a\nb", "\xff", ("x"):rep(1025) } do
      expect(mqtt.topic_problem(topic)).contains("a topic")
    end
  end)
end)
