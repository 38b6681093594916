-- SPDX-License-Identifier: MIT
-- Records on their way in and out: tidy attributes, days of sleep, naps, zones, and the merged view.
local record = require("record")

local ctx = { zone = "Europe/Berlin" }

local function ms(text)
  return assert(sw.time.parse(text))
end

local function row(draft)
  draft.external_id = draft.external_id or "x"
  draft.start, draft.finish = draft.start or ms("2025-06-01T10:00:00Z"), draft.finish or ms("2025-06-01T11:00:00Z")
  return record.row(ctx, draft, {}, 1, "file")
end

local function attributes(values)
  return sw.json.decode(row({ kind = "workout", attributes = values }).body).attributes
end

describe("attributes", function()
  it("are rounded to thousandths, whole figures being whole", function()
    expect(attributes { a = 1.23456, b = 2.0, c = -0.0004, d = 0.1 + 0.2, e = 7, f = 1e17 }).equals { a = 1.235, b = 2, c = 0, d = 0.3,
      e = 7, f = 1e17 }
  end)

  it("that are no figure are left out", function()
    expect(attributes { a = 0 / 0, b = 1 / 0, c = -1 / 0, d = 1 }).equals { d = 1 }
  end)

  it("lose what would drive a terminal, and are cut between characters", function()
    expect(attributes { title = "a\27[2J\u{202e}b\u{9b}c" }.title).equals("a[2Jbc")
    for pad = 0, 3 do
      local text = attributes { note = ("x"):rep(pad) .. ("€"):rep(2000) }.note
      expect(utf8.len(text) ~= nil and #text <= 4096 and #text > 4092).is_true()
    end
    local id = row({ kind = "workout", external_id = "x" .. ("é"):rep(400) }).external_id
    expect(#id).equals(499)
    expect(utf8.len(id)).equals(250)
  end)

  it("keep tables within tables", function()
    expect(attributes { a = { b = { 1.0005, "x" } } }).equals { a = { b = { 1.001, "x" } } }
  end)
end)

describe("a sleep", function()
  local function sleep(start, finish)
    local r = record.row(ctx, { kind = "sleep", external_id = "s", start = ms(start), finish = ms(finish), attributes = {} }, {}, 1, "file")
    local a = sw.json.decode(r.body).attributes
    return sw.time.day_text(r.day), a.bed_day, a.nap
  end

  it("belongs to the day of waking, its bed day goes from noon to noon", function()
    local cases = {
      { "2025-06-01T23:00+02:00", "2025-06-02T07:00+02:00", "2025-06-02", "2025-06-01" },
      { "2025-06-02T00:30+02:00", "2025-06-02T07:00+02:00", "2025-06-02", "2025-06-01" },
      { "2025-06-02T11:59+02:00", "2025-06-02T18:00+02:00", "2025-06-02", "2025-06-01" },
      { "2025-06-02T12:00+02:00", "2025-06-02T18:00+02:00", "2025-06-02", "2025-06-02" },
      { "2025-12-31T23:30+01:00", "2026-01-01T08:00+01:00", "2026-01-01", "2025-12-31" },
    }
    for _, c in ipairs(cases) do
      local day, bed_day = sleep(c[1], c[2])
      expect(day).equals(c[3])
      expect(bed_day).equals(c[4])
    end
  end)

  it("is a nap when it is short and begins by day", function()
    local cases = {
      { "2025-06-02T13:00+02:00", "2025-06-02T14:00+02:00", true }, { "2025-06-02T08:00+02:00", "2025-06-02T08:20+02:00", true },
      { "2025-06-02T07:59+02:00", "2025-06-02T08:20+02:00", nil }, { "2025-06-02T19:59+02:00", "2025-06-02T21:00+02:00", true },
      { "2025-06-02T20:00+02:00", "2025-06-02T21:00+02:00", nil }, { "2025-06-02T13:00+02:00", "2025-06-02T16:00+02:00", nil },
      { "2025-06-02T02:00+02:00", "2025-06-02T03:00+02:00", nil },
    }
    for _, c in ipairs(cases) do
      expect(select(3, sleep(c[1], c[2]))).equals(c[3])
    end
  end)
end)

describe("the offset of a record", function()
  it("is the file's, else that of the person's zone at that time, else unknown", function()
    local own = row { kind = "workout", offset_start = -300, offset_finish = -240 }
    expect({ own.offset_start, own.offset_finish, own.zone_from }).equals { -300, -240, "provider" }
    local change = row { kind = "workout", start = ms("2025-03-30T00:30:00Z"), finish = ms("2025-03-30T01:30:00Z") }
    expect({ change.offset_start, change.offset_finish, change.zone_from }).equals { 60, 120, "user" }
    local unknown = row { kind = "workout", zone_unknown = true }
    expect({ unknown.offset_start, unknown.offset_finish, unknown.zone_from }).equals { 0, 0, "unknown" }
  end)
end)

local function member(id, standing, provider, values)
  return { id = id, group = 255, standing = standing, kind = "workout", type = "running", provider = provider, origin = provider .. " app",
    maker = provider:upper(), start = ms("2025-06-01T10:00:00Z"), finish = ms("2025-06-01T11:00:00Z"), offset_start = 120,
    offset_finish = 120, day = sw.time.day(2025, 6, 1), revision = 1, body = { attributes = values } }
end

describe("the merged view", function()
  it("takes each attribute from the member of best standing that knows it, whatever the order", function()
    local a = member(1, 2, "watch", { hr_avg = 150, distance_m = 9900 })
    local b = member(2, 1, "phone", { title = "Evening", distance_m = 10000 })
    for _, members in ipairs { { a, b }, { b, a } } do
      local view = record.merged(members)
      expect(view.attributes).equals { hr_avg = 150, distance_m = 10000, title = "Evening", elapsed_s = 3600.0 }
      expect({ view.provider, view.maker, view.group, view.day }).equals { "phone", "PHONE", "ff", "2025-06-01" }
      expect(view.providers).equals { "phone", "watch" }
    end
  end)

  it("between equals goes by identity, and keeps a stated duration", function()
    local view = record.merged { member(9, 1, "b", { elapsed_s = 60 }), member(3, 1, "a", { elapsed_s = 50 }) }
    expect(view.provider).equals("a")
    expect(view.attributes.elapsed_s).equals(50)
  end)
end)

describe("the public shape", function()
  it("gives times with their offset, also inside segments, and the rest as it is", function()
    local m = member(10, 1, "watch", { hr_avg = 150 })
    m.body.segments = { { start = m.start, finish = m.finish, kind = "lap", distance_m = 5 } }
    local p = record.public(m)
    expect({ p.id, p.start, p.day }).equals { "a", "2025-06-01T12:00:00+02:00", "2025-06-01" }
    expect(p.segments[1]).equals { start = "2025-06-01T12:00:00+02:00", finish = "2025-06-01T13:00:00+02:00", kind = "lap", distance_m = 5 }
    m.body = {}
    expect(sw.json.encode(record.public(m).segments)).equals("[]")
  end)
end)
