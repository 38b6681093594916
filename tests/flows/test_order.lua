-- One truth whatever the path: looking in between, stopping in between, and data that comes later.
local flow = require("flow")
local world = require("world")

local function record(type, source, from, to, value, unit)
  return (' <Record type="HKQuantityTypeIdentifier%s" sourceName="%s" unit="%s" creationDate="2025-09-02 08:00:00 +0200" '
    .. 'startDate="2025-09-01 %s +0200" endDate="2025-09-01 %s +0200" value="%d"/>\n'):format(type, source, unit, from, to, value)
end

local function export(h, name, records)
  return flow.write(h.dir .. "/" .. name, '<?xml version="1.0"?>\n<HealthData locale="en_DE">\n' .. table.concat(records) .. "</HealthData>\n")
end

describe("one truth", function()
  it("is found again when presence of the better origin becomes known later", function()
    local h, calm = flow.home("Europe/Berlin"), flow.home("Europe/Berlin")
    local steps = { record("StepCount", "My Apple Watch", "08:00:00", "08:10:00", 510, "count"),
      record("StepCount", "My iPhone", "08:00:00", "08:10:00", 500, "count"), record("StepCount", "My iPhone", "09:00:00", "09:10:00", 700, "count") }
    local heart = { table.unpack(steps) }
    for minute = 0, 120, 10 do
      local at = ("%02d:%02d:00"):format(7 + minute // 60 + 1, minute % 60)
      heart[#heart + 1] = record("HeartRate", "My Apple Watch", at, at, 60, "count/min")
    end
    h.import(export(h, "a.xml", steps))
    expect(h.json("query", "steps", "--from", "2025-09-01", "--to", "2025-09-01")[1].value).equals(1210)
    h.import(export(h, "b.xml", heart))
    expect(h.json("query", "steps", "--from", "2025-09-01", "--to", "2025-09-01")[1].value).equals(510)
    calm.import(export(h, "b.xml", heart))
    expect(flow.difference(calm.dump(), h.dump())).equals("")
    h.remove()
    calm.remove()
  end)

  it("is the same after an import that was stopped, looked at and gone on with", function()
    local h, calm = flow.home("Europe/Berlin"), flow.home("Europe/Berlin")
    local w = world.new(h.dir, { first = "2025-01-01", days = 160 })
    local path = w.export()
    for _, ms in ipairs { 60, 120, 180, 240 } do
      flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep %.3f; kill -INT $pid; wait $pid 2>/dev/null; true"):format(h.command("import", path), ms / 1000))
      h.ok("query", "steps", "--from", "2025-01-01", "--to", "2025-06-30")
    end
    local list = h.import(path)
    expect(list[1].status).equals("ok")
    calm.import(path)
    expect(flow.difference(calm.dump(), h.dump())).equals("")
    h.remove()
    calm.remove()
  end)

  it("does not depend on the order in which files come", function()
    local h, calm = flow.home("Europe/Berlin"), flow.home("Europe/Berlin")
    local w = world.new(h.dir, { first = "2025-01-01", days = 40 })
    local path, a, b = w.export(), w.activity(1, "fit"), w.activity(2, "fit")
    calm.import(path)
    calm.import(a)
    calm.import(b)
    h.import(b)
    h.ok("query", "steps", "--from", "2025-01-01", "--to", "2025-02-28")
    h.import(a)
    h.import(path)
    -- a group is named after the member that came first, so only the names of groups may differ
    local function without_groups(text)
      return (text:gsub('"group":%d+', '"group":0'))
    end
    expect(flow.difference(without_groups(calm.dump()), without_groups(h.dump()))).equals("")
    calm.remove()
    h.remove()
  end)
end)
