-- Home Assistant by MQTT discovery, against a real broker: sensors appear with their values, follow the data,
-- are unavailable when the engine is gone, come back after broker and engine were away; the switch holds rules.
local daemon = require("daemon")
local flow = require("flow")
local live = require("live")

local json = sw.json
local dir = flow.temp()
flow.write(dir .. "/passwords", "")
flow.sh(("mosquitto_passwd -b %s/passwords robin s3cret"):format(dir))

local function broker(port, more)
  local file = dir .. "/mosquitto.conf"
  flow.write(file, ("listener %s 127.0.0.1\nuser root\n%s\n"):format(port or "PORT", more or "allow_anonymous true"))
  return daemon.start(("sed -i s/PORT/$PORT/ %s; exec /usr/sbin/mosquitto -c %s"):format(file, file), port)
end

-- All that the broker has kept, by topic.
local function retained(port, more)
  local r = flow.sh(("mosquitto_sub -h 127.0.0.1 -p %d %s -t '#' --retained-only -W 1 -F '%%t %%p' 2>/dev/null; true"):format(port, more or ""))
  local all, n = {}, 0
  for topic, payload in r.out:gmatch("(%S+) ([^\n]*)\n") do
    all[topic], n = payload, n + 1
  end
  return all, n
end

local function find(all, pattern)
  for topic, payload in pairs(all) do
    if topic:find(pattern) then
      return payload, topic
    end
  end
end

-- A broker keeps what homes of earlier cases said, so all that match are looked at.
local function until_kept(port, pattern, payload, seconds)
  return live.wait(seconds or 25, function()
    for topic, value in pairs(retained(port)) do
      if topic:find(pattern) and (payload == nil or value:find(payload, 1, true)) then
        return value
      end
    end
  end)
end

local function home(port, more)
  local h = flow.home("UTC")
  flow.write(h.dir .. "/config.lua", ('return { channels = { mqtt = { url = "mqtt://127.0.0.1:%d", homeassistant = true%s } } }'):format(port, more or ""))
  return h
end

local function engine(h, ...)
  local p = live.spawn(h.command("run", ...))
  p.await("running; home")
  return p
end

describe("home assistant", function()
  local d = broker()
  local h = home(d.port)
  local p

  it("finds a sensor for each metric that has values, with device, unit and classes", function()
    h.ok("log", "weight", "81.25kg")
    h.ok("log", "steps", "4000")
    p = engine(h)
    expect(until_kept(d.port, "/available$", "online") ~= nil).is_true()
    local all, n = retained(d.port)
    local weight, topic = find(all, "^homeassistant/sensor/syncwell_%x+_me/weight/config$")
    local c = json.decode(weight)
    expect({ c.unit_of_measurement, c.device_class, c.state_class }).equals { "kg", "weight", "measurement" }
    expect(c.device.identifiers[1]).equals(topic:match("sensor/([^/]+)/"))
    expect(c.availability_topic).contains("/available")
    expect(json.decode(all[c.state_topic]).value).equals(81.25)
    local steps = json.decode((find(all, "sensor/.*/steps/config$")))
    expect({ steps.unit_of_measurement, steps.state_class }).equals { "steps", "total_increasing" }
    expect(json.decode(all[steps.state_topic]).value).equals(4000)
    expect(n).equals(7) -- three configurations, three states, one availability
  end)

  it("follows what is stored", function()
    h.ok("log", "weight", "80.5kg")
    expect(until_kept(d.port, "^syncwell/.*/weight$", '"value":80.5') ~= nil).is_true()
    h.ok("log", "resting_heart_rate", "52")
    expect(until_kept(d.port, "sensor/.*/resting_heart_rate/config$") ~= nil).is_true()
  end)

  it("has a switch that holds the rules and lets them go on", function()
    flow.write(h.dir .. "/rules/automations/tell.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "workout.created", uses = { "notify" },
  run = function(w, ctx) ctx.notify("did " .. w.sport) end }]])
    local c = json.decode((find(retained(d.port), "switch/.*/pause/config$")))
    local function press(word)
      flow.sh(("mosquitto_pub -h 127.0.0.1 -p %d -q 1 -t %s -m %s"):format(d.port, c.command_topic, word))
      expect(until_kept(d.port, "/pause$", word) ~= nil).is_true()
    end
    press("ON")
    expect(h.json("rules", "show", "tell").state).equals("held")
    expect(h.run("status").out).contains("all of them rest until `syncwell rules resume`")
    h.ok("log", "workout", "running", "30min")
    sw.sys.sleep(2500)
    press("OFF")
    h.ok("log", "workout", "cycling", "30min")
    expect(live.wait(15, function() return (flow.read(h.dir .. "/notifications.log") or ""):find("did cycling", 1, true) end) ~= nil).is_true()
    expect(flow.read(h.dir .. "/notifications.log"):find("did running", 1, true)).is_nil()
    press("ON")
    h.ok("rules", "resume")
    expect(until_kept(d.port, "/pause$", "OFF") ~= nil).is_true()
  end)

  it("shows them as unavailable when the engine is killed, and again when it is back", function()
    p.kill("KILL")
    expect(until_kept(d.port, "/available$", "offline") ~= nil).is_true()
    p = engine(h)
    expect(until_kept(d.port, "/available$", "online") ~= nil).is_true()
  end)

  it("tells everything again to a broker that forgot it", function()
    local port = d.port
    d.stop()
    sw.sys.sleep(500)
    d = broker(port)
    expect(until_kept(port, "/available$", "online", 40) ~= nil).is_true()
    expect(find(retained(port), "sensor/.*/weight/config$") ~= nil).is_true()
  end)

  it("has no switch where config.lua says so, and nobody's word holds the rules", function()
    local base = find(retained(d.port), "/pause$") and select(2, find(retained(d.port), "/me/pause$"))
    expect(base ~= nil).is_true()
    flow.write(h.dir .. "/config.lua",
      ('return { channels = { mqtt = { url = "mqtt://127.0.0.1:%d", homeassistant = true, homeassistant_switch = false } } }'):format(d.port))
    expect(live.wait(20, function() return find(retained(d.port), "switch/.*/pause/config$") == nil end)).is_true()
    flow.sh(("mosquitto_pub -h 127.0.0.1 -p %d -q 1 -t %s/set -m ON"):format(d.port, base))
    sw.sys.sleep(1500)
    expect(h.json("rules", "show", "tell").state).equals("on")
    expect(find(retained(d.port), "sensor/.*/weight/config$") ~= nil).is_true()
  end)

  it("takes its sensors away when it is turned off", function()
    flow.write(h.dir .. "/config.lua", ('return { channels = { mqtt = { url = "mqtt://127.0.0.1:%d" } } }'):format(d.port))
    expect(live.wait(20, function() return find(retained(d.port), "^homeassistant/") == nil end)).is_true()
    expect((find(retained(d.port), "/available$"))).equals("offline")
    p.stop()
    h.remove()
  end)

  it("keeps people apart whose names differ in what a topic cannot hold", function()
    local other = home(d.port)
    local names = { "Jo/+#", "Jo", 'Jö "x"' }
    for i, name in ipairs(names) do
      other.ok("--user", name, "log", "weight", ("8%d kg"):format(i))
    end
    p = engine(other)
    expect(until_kept(d.port, "sensor/syncwell_%x+_jo_%x+/weight/config$") ~= nil).is_true()
    expect(until_kept(d.port, "/available$", "online") ~= nil).is_true()
    live.wait(25, function()
      local n = 0
      for topic in pairs(retained(d.port)) do
        n = n + (topic:find("/weight/config$") and 1 or 0)
      end
      return n == #names
    end)
    local weights, titles = {}, {}
    for topic, payload in pairs(retained(d.port)) do
      if topic:find("/weight/config$") then
        expect(topic:find("^homeassistant/sensor/[%w_]+/weight/config$") ~= nil).is_true()
        local c = json.decode(payload)
        weights[#weights + 1] = json.decode(retained(d.port)[c.state_topic]).value
        titles[#titles + 1] = c.device.name
      end
    end
    table.sort(weights)
    table.sort(titles)
    expect(weights).equals { 81, 82, 83 }
    expect(titles).equals { "SyncWell Jo", "SyncWell Jo/+#", 'SyncWell Jö "x"' }
    local function kept_of(name)
      local n = 0
      for topic in pairs(retained(d.port)) do
        n = n + (topic:find("jo_" .. sw.sys.hash(name):sub(1, 6), 1, true) and 1 or 0)
      end
      return n
    end
    local before, its = kept_of("Jo/+#"), kept_of("Jo")
    expect(its > 2).is_true()
    other.ok("users", "erase", "Jo", "--yes") -- and the broker keeps nothing of one who was erased
    expect(live.wait(25, function() return kept_of("Jo") == 0 end)).is_true()
    expect(kept_of("Jo/+#")).equals(before)
    p.stop()
    other.remove()
    d.stop()
  end)

  it("signs in with a secret, and says what is wrong when it is not taken", function()
    d = broker(nil, ("allow_anonymous false\npassword_file %s/passwords"):format(dir))
    local mine = home(d.port, ', user = "robin", password = "secret:broker"')
    p = engine(mine)
    p.await("there is no secret 'broker'")
    expect(flow.sh("printf s3cret | " .. mine.command("secrets", "set", "broker")).code).equals(0)
    local function online()
      local all = retained(d.port, "-u robin -P s3cret")
      return find(all, "/available$") == "online"
    end
    expect(live.wait(20, online)).is_true()
    p.stop()
    expect(p.err():find("s3cret", 1, true)).is_nil()
    mine.remove()
    d.stop()
    sw.fs.remove_tree(dir)
  end)
end)
