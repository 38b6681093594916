-- Exports that our own generator writes, tables that nobody knows, and what is damaged: all from nothing, so
-- that a fresh clone tests each importer.
local exports = require("demo.exports")
local expectation = require("expectation")
local flow = require("flow")
local sports = require("box.sports")
local zip = require("demo.zip")

local PLAN = { first = sw.time.day(2024, 3, 29), days = 4, zone = "Europe/Berlin" } -- across the clock change

local function written(dir, files)
  for _, f in ipairs(files) do
    sw.fs.mkdir(dir .. "/" .. (f.name:match("^(.*)/[^/]*$") or ""))
    flow.write(dir .. "/" .. f.name, f.text)
  end
end

-- A home with the files of one service imported: { got, total, home, dir }.
local function imported(service)
  local h, files, facts = flow.home(PLAN.zone), exports.files(PLAN)
  local dir = h.dir .. "/made"
  sw.fs.mkdir(dir)
  written(dir, files[service])
  local list, r = h.import(dir)
  expect(r.code).equals(0)
  return { got = expectation.stored(h.dump()), total = list[#list].total, home = h, dir = dir }, facts
end

local function total_of(got, metric, day)
  return got.totals[("%s %d"):format(metric, day)]
end

local function nights_match(w, facts, known)
  local nights = w.got.records.sleep
  expect(#nights).equals(known)
  for i = 1, known do
    local n, f = nights[i], facts[i]
    expect(n.start).equals(f.bed)
    expect(n.finish).equals(f.up)
    expect(n.day).equals(f.day)
    expect(n.attributes.deep_s).equals(f.deep_min * 60)
    expect(n.attributes.light_s).equals(f.light_min * 60)
    expect(n.attributes.rem_s).equals(f.rem_min * 60)
    expect(n.attributes.awake_s).equals(f.awake_min * 60)
  end
end

local checks = {}

function checks.fitbit(w, facts)
  for i, f in ipairs(facts) do
    local s = w.got.samples.steps[i]
    expect(s.value).equals(f.steps)
    expect(s.ms).equals(sw.time.utc(PLAN.zone, f.day * 86400000 + 12 * 3600000))
  end
  -- levels follow each other; the clock on the wall jumps in one of the nights
  expect(#w.got.records.sleep).equals(#facts)
  for i, f in ipairs(facts) do
    expect(w.got.records.sleep[i].start).equals(f.bed)
    expect(w.got.records.sleep[i].attributes.deep_s).equals(f.deep_min * 60)
    expect(w.got.records.sleep[i].attributes.rem_s).equals(90 * 60)
  end
end

function checks.google_fit(w, facts)
  for _, f in ipairs(facts) do
    expect(total_of(w.got, "steps", f.day)).equals(f.steps)
    expect(total_of(w.got, "distance", f.day)).equals(f.steps // 2)
  end
end

function checks.garmin(w, facts)
  nights_match(w, facts, #facts)
end

function checks.zepp(w, facts)
  nights_match(w, facts, #facts)
end

function checks.oura(w, facts)
  nights_match(w, facts, #facts - 1) -- the last one is of type deleted
  expect(w.got.samples.heart_rate.n).equals(2 * (#facts - 1))
end

function checks.strava(w, facts)
  expect(#w.got.records.workout).equals(#facts)
  for i, f in ipairs(facts) do
    local r = w.got.records.workout[i]
    expect(r.start).equals((f.day * 24 + 17) * 3600000)
    expect(r.attributes.distance_m).equals(5012.5)
    expect(r.attributes.timer_s).equals(1750)
    expect(r.attributes.name).equals(("Evening, round %d"):format(i))
  end
end

local function weights(w, facts)
  for i, f in ipairs(facts) do
    expect(w.got.samples.weight[i].value).equals(f.weight_kg)
  end
  expect(w.got.samples.weight.n).equals(#facts)
end

checks.withings = weights

function checks.samsung_health(w, facts)
  weights(w, facts)
  expect(w.got.samples.weight[1].offset).equals(60) -- as stated, though summer time began
  expect(w.got.samples.height[1].value).equals(1.8)
end

function checks.cronometer(w, facts)
  expect(w.got.samples.energy_intake.n).equals(2 * #facts) -- two equal servings are two
  expect(w.got.samples.energy_intake.sum).equals(2 * 250.5 * #facts)
end

function checks.myfitnesspal(w, facts)
  expect(w.got.samples.energy_intake.sum).equals(1650 * #facts)
  expect(w.got.samples.fiber.sum).equals(16 * #facts)
end

describe("an export our generator wrote", function()
  for service, check in pairs(checks) do
    it(("for %s gives the facts it was written from, and nothing the second time"):format(service), function()
      local w, facts = imported(service)
      check(w, facts)
      expect(w.total.rejected).equals(0)
      expect(w.total.passed).equals(0)
      local dump = w.home.dump()
      local again = w.home.import(w.dir)
      expect(again[#again].total.new + again[#again].total.updated).equals(0)
      expect(w.home.dump()).equals(dump)
      w.home.remove()
    end)
  end

  it("is read out of one zip, with what is no health data passed over and counted", function()
    local h, entries, calm = flow.home(PLAN.zone), {}, flow.home(PLAN.zone)
    for _, files in pairs(exports.files(PLAN)) do
      for _, f in ipairs(files) do
        entries[#entries + 1] = { name = f.name, bytes = f.text }
      end
      written(calm.dir .. "/made", files)
    end
    entries[#entries + 1] = { name = "Takeout/archive_browser.html", bytes = "<!DOCTYPE html><html></html>" }
    entries[#entries + 1] = { name = "Takeout/settings.json", bytes = '{"theme":"dark"}' }
    local list, r = h.import(flow.write(h.dir .. "/takeout.zip", zip.archive(entries)))
    expect(r.code).equals(0)
    expect(list[#list].total.passed).equals(2)
    expect(list[#list].total.files).equals(#entries - 2)
    calm.import(calm.dir .. "/made")
    local function without_groups(text)
      return (text:gsub('"group":%d+', '"group":0'))
    end
    expect(flow.difference(without_groups(calm.dump()), without_groups(h.dump()))).equals("")
    h.remove()
    calm.remove()
  end)
end)

-- A Health Connect database with fewer tables and other columns than the phones of today write.
local HEALTH_CONNECT = ([[
CREATE TABLE application_info_table(row_id INTEGER PRIMARY KEY, package_name TEXT, app_name TEXT);
INSERT INTO application_info_table VALUES(1, 'org.example.watch', 'Watch'), (2, 'org.example.phone', 'Phone');
CREATE TABLE steps_record_table(row_id INTEGER PRIMARY KEY, uuid BLOB, app_info_id INTEGER, start_time INTEGER,
  start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER, count INTEGER, tomorrow TEXT);
INSERT INTO steps_record_table VALUES(1, x'01', 1, START, 3600, END, 7200, 500, 'x'), (2, x'02', 2, START, 3600, END, 7200, 450, 'x');
CREATE TABLE weight_record_table(uuid BLOB, row_id INTEGER PRIMARY KEY, time INTEGER, weight REAL, app_info_id INTEGER,
  zone_offset INTEGER);
INSERT INTO weight_record_table VALUES(x'03', 1, START, 70500.0, 2, 3600);
CREATE TABLE blood_glucose_record_table(row_id INTEGER PRIMARY KEY, app_info_id INTEGER, time INTEGER, zone_offset INTEGER,
  level REAL);
INSERT INTO blood_glucose_record_table VALUES(1, 2, START, 3600, 5.5);
CREATE TABLE nutrition_record_table(row_id INTEGER PRIMARY KEY, app_info_id INTEGER, start_time INTEGER,
  start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER, energy REAL, sodium REAL);
INSERT INTO nutrition_record_table VALUES(1, 2, START, 3600, END, 7200, 500000, 1.5);
CREATE TABLE heart_rate_record_table(row_id INTEGER PRIMARY KEY, app_info_id INTEGER, start_zone_offset INTEGER);
CREATE TABLE heart_rate_record_series_table(parent_key INTEGER, beats_per_minute INTEGER, epoch_millis INTEGER);
INSERT INTO heart_rate_record_table VALUES(7, 1, 3600);
INSERT INTO heart_rate_record_series_table VALUES(7, 61, START), (7, 62, END), (8, 99, END);
CREATE TABLE sleep_session_record_table(row_id INTEGER PRIMARY KEY, uuid BLOB, app_info_id INTEGER, start_time INTEGER,
  start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER, title TEXT);
CREATE TABLE sleep_stages_table(parent_key INTEGER, stage_start_time INTEGER, stage_end_time INTEGER, stage_type INTEGER);
INSERT INTO sleep_session_record_table VALUES(1, x'0a', 1, START, 3600, END, 7200, NULL), (2, x'0b', 2, START, 3600, END, 7200, 'Nap');
INSERT INTO sleep_stages_table VALUES(1, START + 600000, END, 5), (1, START, START + 600000, 4);
]]):gsub("START", 1711846800000):gsub("END", 1711854000000) -- 2024-03-31 02:00 and 05:00 there, the clock changed

describe("a Health Connect database", function()
  it("is read by the names of its tables and columns, whatever is missing or in excess", function()
    local h = flow.home("Europe/Berlin")
    local path, make = h.dir .. "/export.db", (os.getenv("SW_ASAN") or "") .. "/tests/sw-make-db"
    if not sw.fs.stat(make) then
      skip("needs the tests' own sw-make-db")
    end
    expect(flow.sh(("%s %s %s"):format(flow.quote(make), flow.quote(path), flow.quote(HEALTH_CONNECT))).code).equals(0)
    local list, r = h.import(path)
    expect(r.code).equals(0)
    expect(list[1].format).equals("health_connect")
    local got, nights = expectation.stored(h.dump()), {}
    expect(got.samples.steps.n).equals(2) -- two apps
    expect(got.samples.steps[1].dur).equals(7200000)
    expect(got.samples.steps[1].offset).equals(60)
    expect(got.samples.weight[1].value).equals(70.5)
    expect(got.samples.blood_glucose[1].value).equals(99.09) -- 5.5 mmol/L
    expect(got.samples.energy_intake[1].value).equals(500) -- small calories
    expect(got.samples.sodium[1].value).equals(1500)
    expect(got.samples.heart_rate.n).equals(2) -- a reading without its record has no origin
    for _, n in ipairs(got.records.sleep) do
      nights[n.external_id] = n
    end
    expect(nights["health_connect:0a"].attributes.deep_s).equals(6600)
    expect(nights["health_connect:0a"].attributes.light_s).equals(600)
    expect(nights["health_connect:0a"].segments[1].stage).equals("light")
    expect(nights["health_connect:0b"].attributes.asleep_s).is_nil()
    expect(nights["health_connect:0b"].offset_finish).equals(120)
    local copy = flow.write(h.dir .. "/a.zip", zip.archive { { name = "health_connect_export.db",
      bytes = flow.read(path) } })
    local again = h.import(copy)
    expect(again[1].status).equals("ok")
    expect(again[1].new + again[1].updated).equals(0)
    h.remove()
  end)
end)

describe("what no sample shows", function()
  local function one(name, text, zone)
    local h = flow.home(zone or "America/New_York")
    local list, r = h.import(flow.write(h.dir .. "/" .. name, text))
    expect(r.code).equals(0)
    expect(list[1].rejected).equals(0)
    local got = expectation.stored(h.dump())
    h.remove()
    return got
  end

  it("a Fitbit exercise begins in UTC and lasts as long as it says", function()
    local w = one("exercise-0.json", '[{"logId": 77, "activityName": "Run", "calories": 310, "steps": 4000,\n'
      .. '"averageHeartRate": 151, "activeDuration": 1800000, "duration": 1860000, "startTime": "03/06/24 23:00:00"}]')
      .records.workout[1]
    expect(w.start).equals(1709766000000)
    expect(w.finish - w.start).equals(1860000)
    expect(w.attributes.sport).equals("running")
    expect(w.attributes.timer_s).equals(1800)
    expect(w.attributes.hr_avg).equals(151)
  end)

  it("a Fitbit night by the clock of another continent is the night that a ring tells with its zone", function()
    local h = flow.home("Europe/Berlin") -- while the person was in New York
    h.import(flow.write(h.dir .. "/sleep-2024-03-01.json", [[ [
      {"logId":5,"startTime":"2024-03-04T23:32:00.000","duration":28440000,"levels":{"data":[]}},
      {"logId":6,"startTime":"2024-03-05T23:32:00.000","duration":28440000,"levels":{"data":[]}}] ]]))
    local night = '{"id":"%d","day":"2024-03-0%d","type":"long_sleep","bedtime_start":"2024-03-0%dT23:32:00-05:00",'
      .. '"bedtime_end":"2024-03-0%dT07:26:00-05:00","sleep_phase_5_min":"4444",'
      .. '"total_sleep_duration":27000,"time_in_bed":28440}'
    h.import(flow.write(h.dir .. "/oura_data.json", ('{"sleep":[%s,%s]}'):format(night:format(1, 5, 4, 5),
      night:format(2, 6, 5, 6))))
    local groups, n = {}, 0
    for _, r in ipairs(h.json("records", "sleep")) do
      n = n + (groups[r.group] and 0 or 1)
      groups[r.group] = (groups[r.group] or "") .. r.start:sub(6, 10) .. " "
    end
    expect(n).equals(2)
    for _, days in pairs(groups) do
      expect(days:sub(1, 5)).equals(days:sub(7, 11))
    end
    h.remove()
  end)

  it("short awakenings of a Fitbit night lie over its stages", function()
    local n = one("sleep-2024-03-04.json", '[{"logId": 5, "startTime": "2024-03-03T23:00:00.000", "duration": 3600000,'
      .. '"levels": {"data": [{"dateTime": "2024-03-03T23:00:00.000", "level": "light", "seconds": 3600}],'
      .. '"shortData": [{"dateTime": "2024-03-03T23:20:00.000", "level": "wake", "seconds": 60}]}}]').records.sleep[1]
    expect(n.attributes.light_s).equals(3540)
    expect(n.attributes.awake_s).equals(60)
    expect(#n.segments).equals(3)
  end)

  it("points of Google Fit are taken at their nanosecond", function()
    local got = one("derived_weight.json", '{"Data Source": "x", "Data Points": [{"fitValue": [{"value": {"fpVal": 77.5}}],'
      .. '"dataTypeName": "com.google.weight", "startTimeNanos": 1709604000000000001, "endTimeNanos": 1709604000000000001}]}')
    expect(got.samples.weight[1].value).equals(77.5)
    expect(got.samples.weight[1].ms).equals(1709604000000)
  end)

  it("an activity of Garmin's summaries has the offset that its two clocks tell", function()
    local w = one("a_summarizedActivities.json", '[{"summarizedActivitiesExport": [{"activityId": 9, "activityType": "running",'
      .. '"startTimeGmt": 1709766000000.0, "startTimeLocal": 1709748000000.0, "duration": 1810500.0, "calories": 418.4}]}]')
      .records.workout[1]
    expect(w.offset_start).equals(-300)
    expect(w.attributes.energy_kcal).equals(100)
    expect(w.attributes.elapsed_s).equals(1810.5)
  end)
end)

describe("an archive within an archive", function()
  it("is opened, one level deep, and what is deeper is refused", function()
    local h, made = flow.home(PLAN.zone), exports.files(PLAN).garmin[1]
    local inner = zip.archive { { name = made.name, bytes = made.text } }
    local deep = zip.archive { { name = "deeper.zip", bytes = inner } }
    local list, r = h.import(flow.write(h.dir .. "/a.zip", zip.archive { { name = "Part1.zip", bytes = inner },
      { name = "deep.zip", bytes = deep }, { name = "no.zip", bytes = "nothing of the kind" } }))
    local by_status = {}
    for _, x in ipairs(list) do
      by_status[x.status or ""] = (by_status[x.status or ""] or 0) + 1
    end
    expect(r.code).equals(4)
    expect(by_status.ok).equals(1)
    expect(by_status.refused).equals(2)
    expect(#expectation.stored(h.dump()).records.sleep).equals(PLAN.days)
    h.remove()
  end)
end)

-- A gzip file whose content is stored, not packed.
local function gzip(text)
  local out, at = { "\x1f\x8b\8\0\0\0\0\0\0\3" }, 1
  repeat
    local part = text:sub(at, at + 65534)
    at = at + #part
    out[#out + 1] = ("<BI2I2"):pack(at > #text and 1 or 0, #part, ~#part & 0xffff) .. part
  until at > #text
  return table.concat(out) .. ("<I4I4"):pack(zip.crc32(text), #text)
end

describe("a Strava archive", function()
  it("joins each row of its list with the packed recording beside it", function()
    local h = flow.home("Europe/Berlin")
    local gpx = { '<?xml version="1.0"?><gpx version="1.1" creator="StravaGPX"><trk><type>running</type><trkseg>' }
    for s = 0, 1800, 10 do
      gpx[#gpx + 1] = ('<trkpt lat="52.5%04d" lon="13.4"><time>%s</time></trkpt>'):format(s,
        sw.time.iso(1711731600000 + s * 1000, 0))
    end
    gpx[#gpx + 1] = "</trkseg></trk></gpx>"
    local dir = h.dir .. "/export"
    sw.fs.mkdir(dir .. "/activities")
    flow.write(dir .. "/activities/901.gpx.gz", gzip(table.concat(gpx)))
    flow.write(dir .. "/activities.csv", exports.files(PLAN).strava[1].text)
    local list, r = h.import(dir)
    expect(r.code).equals(0)
    expect(list[#list].total.files).equals(2)
    local groups, members = {}, 0
    for _, w in ipairs(expectation.stored(h.dump()).records.workout) do
      groups[w.group] = (groups[w.group] or 0) + 1
      members = math.max(members, groups[w.group])
    end
    expect(members).equals(2)
    expect(expectation.stored(h.dump()).samples.latitude.n).equals(181)
    h.remove()
  end)

  it("names each sport as the service itself does, in the words of the connection", function()
    local h = flow.home("UTC")
    local lines, wanted = { "Activity ID,Activity Date,Activity Type,Elapsed Time" }, {}
    -- the words of the export, those of the service's answers, and ours
    for i, row in ipairs { { "Ride", "Ride", "cycling" }, { "E-Bike Ride", "EBikeRide", "cycling", "e_bike" },
      { "Virtual Run", "VirtualRun", "running", "virtual" }, { "Weight Training", "WeightTraining", "strength_training" },
      { "Rock Climb", "RockClimbing", "rock_climbing" }, { "Stand Up Paddling", "StandUpPaddling", "stand_up_paddling" },
      { "Muay Thai", "MuayThai", "muay_thai" } } do
      lines[i + 1] = ('%d,"Mar %d, 2024, 10:00:00 AM",%s,1800'):format(i, i, row[1])
      wanted[i] = { row[3], row[4] or "" }
      expect({ sports.of(row[2]) }).equals { row[3], row[4] }
    end
    h.import(flow.write(h.dir .. "/activities.csv", table.concat(lines, "\n") .. "\n"))
    local got = {}
    for i, w in ipairs(h.json("records", "workout")) do
      got[i] = { w.attributes.sport or "", w.attributes.sub_sport or "" }
    end
    expect(got).equals(wanted)
    h.remove()
  end)

  it("says that a packed recording is cut off, and goes on with the others", function()
    local h = flow.home("Europe/Berlin")
    local packed = gzip(exports.files(PLAN).strava[1].text)
    flow.write(h.dir .. "/a.csv.gz", packed:sub(1, #packed - 20))
    local list, r = h.import(h.dir .. "/a.csv.gz")
    expect(r.code).equals(4)
    expect(list[1].new > 0).is_true()
    expect(list[1].notes[1]).contains("cut off")
    h.remove()
  end)
end)

describe("a Fitbit log", function()
  it("is known by its number however that is written, and one of odd times costs itself", function()
    local h, rows = flow.home("Europe/Berlin"), {}
    for i, id in ipairs { "42", '"43"', "99999999999999999999999", "9223372036854775807" } do
      rows[i] = ('{"logId":%s,"startTime":"2024-03-%02dT22:00:00.000","duration":27000000,"levels":{}}'):format(id, i)
    end
    rows[#rows + 1] = '{"logId":44,"startTime":"tonight","duration":27000000}'
    rows[#rows + 1] = '{"logId":45,"startTime":"2024-03-09T22:00:00.000","duration":-5}'
    local list = h.import(flow.write(h.dir .. "/sleep-2024-03-01.json", "[" .. table.concat(rows, ",") .. "]"))
    expect({ list[1].new, list[1].rejected, list[1].status }).equals { 4, 2, "ok" }
    local ids = {}
    for i, r in ipairs(expectation.stored(h.dump()).records.sleep) do
      ids[i] = r.external_id
    end
    expect(ids).equals { "fitbit:sleep:42", "fitbit:sleep:43", "fitbit:sleep:99999999999999991611392", "fitbit:sleep:9223372036854775807" }
    h.remove()
  end)
end)

describe("an older export after a newer one", function()
  local DAYS = "Date,Move Minutes count,Step count\n2024-03-01,10,8000\n2024-03-02,10,%s\n"

  it("takes nothing from the day on which it ended, and a second one that agrees is believed", function()
    local h = flow.home("Europe/Berlin")
    local newer = flow.write(h.dir .. "/Daily activity metrics.csv", DAYS:format("9000"))
    local older = flow.write(h.dir .. "/Daily activity metrics(1).csv", DAYS:format("2100"))
    local function steps()
      return total_of(expectation.stored(h.dump()), "steps", sw.time.day(2024, 3, 2))
    end
    h.import(newer)
    local list = h.import(older)
    expect({ steps(), list[1].rejected, list[1].reasons[1] }).equals { 9000, 1, "a day's steps much lower than what is known: that stays" }
    h.import(older)
    expect(steps()).equals(9000)
    h.import(flow.write(h.dir .. "/Daily activity metrics(2).csv", DAYS:format("2100") .. "\n"))
    expect(steps()).equals(2100)
    h.remove()
  end)

  it("gives what the newer one gives alone when it came first", function()
    local h, alone = flow.home("Europe/Berlin"), flow.home("Europe/Berlin")
    local newer = flow.write(h.dir .. "/Daily activity metrics.csv", DAYS:format("9000"))
    h.import(flow.write(h.dir .. "/Daily activity metrics(1).csv", DAYS:format("2100")))
    h.import(newer)
    alone.import(newer)
    expect(h.dump()).equals(alone.dump())
    h.remove()
    alone.remove()
  end)
end)

local OWN = "Datum;Gewicht (kg);Puls;Notiz\r\n31.12.2023;78,4;62;\"nach; Lauf\"\r\n01.01.2024;79,1;0;\r\n"
local MAPPING = [[return { time = { column = "Datum", order = "dmy" }, decimal = ",", columns = {
  ["Gewicht (kg)"] = { metric = "weight", unit = "kg" },
  ["Puls"] = { metric = "heart_rate", unit = "bpm", zero = "missing" } } }]]

describe("a table that no importer knows", function()
  it("is refused with its columns shown and a draft of a mapping written", function()
    local h = flow.home("Europe/Berlin")
    local path = flow.write(h.dir .. "/mein.csv", OWN)
    local r = h.run("import", path)
    expect(r.code).equals(1)
    expect(r.out).contains("Gewicht (kg)")
    expect(r.out).contains("--as csv --map")
    local draft = flow.read(path .. ".map.lua")
    expect(draft).contains('order = "dmy"')
    expect(draft).contains('decimal = ","')
    flow.write(path .. ".map.lua", "-- mine")
    h.run("import", path)
    expect(flow.read(path .. ".map.lua")).equals("-- mine")
    h.remove()
  end)

  it("is asked about on a terminal, imported by the answers, and the answers are kept", function()
    local h = flow.home("Europe/Berlin")
    local path = flow.write(h.dir .. "/mein.csv", OWN)
    local answers = "\\n\\nweight\\nkg\\nhart_rate\\nheart_rate\\nbpm\\n"
    local r = flow.sh(("printf '%s' | timeout 20 script -qec %s /dev/null"):format(answers,
      flow.quote(h.command("import", path))))
    expect(r.out).contains("did you mean 'heart_rate'")
    local got = expectation.stored(h.dump())
    expect(got.samples.weight.n).equals(2)
    expect(got.samples.heart_rate.n).equals(1)
    expect(flow.read(path .. ".map.lua")).contains('["Puls"] = { metric = "heart_rate", unit = "bpm" }')
    expect(h.import(path, "--map", path .. ".map.lua")[1].kept_reason).contains("imported before")
    h.remove()
  end)

  it("kept in another language is understood, and amounts beside days are the totals of those days", function()
    local h = flow.home("Europe/Berlin")
    local path = flow.write(h.dir .. "/tage.csv", "Datum;Schritte;K\u{f6}rperfett;Ruhepuls\n31.03.2024;12.345;21,5;55\n"
      .. "01.04.2024;9000;21,4;54\n")
    -- without a locale, as a bare system or a unit has none
    local r = flow.sh(("yes '' | head -20 | LC_ALL=C timeout 20 script -qec %s /dev/null"):format(flow.quote(h.command("import", path))))
    expect(r.out).contains("6 new")
    local got = expectation.stored(h.dump())
    expect({ total_of(got, "steps", sw.time.day(2024, 3, 31)), got.samples.steps.n }).equals { 12345, 0 }
    expect({ got.samples.body_fat.n, got.samples.resting_heart_rate.n }).equals { 2, 2 }
    expect(flow.read(path .. ".map.lua")).contains('["Schritte"] = { metric = "steps", unit = "{step}", total = true }')
    local timed = flow.write(h.dir .. "/zeiten.csv", "Datum;Schritte\n31.03.2024 08:15;120\n")
    h.run("import", timed)
    expect(flow.read(timed .. ".map.lua"):find("total", 1, true)).is_nil()
    h.remove()
  end)

  it("says the same in UTF-8, in Windows-1252 and in either UTF-16, as spreadsheets write it", function()
    local text = "Datum;K\u{f6}rperfett;Notiz\r\n31.03.2024;21,5;\u{fc}ber 3 km \u{2013} gut\r\n01.04.2024;21,4;M\u{fc}sli\r\n"
    local wide, windows = {}, text:gsub("\u{2013}", "\x96"):gsub("\xc3([\x80-\xbf])", function(c) return string.char(c:byte() + 64) end)
    for _, c in utf8.codes("\u{feff}" .. text) do
      wide[#wide + 1] = c
    end
    local function utf16(form)
      return (string.rep(form, #wide)):pack(table.unpack(wide))
    end
    local map = [[return { time = { column = "Datum", order = "dmy" }, decimal = ",", columns = {
      ["K\u{f6}rperfett"] = { metric = "body_fat", unit = "%%" } },
      record = { kind = "note", id = "Datum", attributes = { text = "Notiz" } } }]]
    for name, bytes in pairs { utf8 = text, windows = windows, little = utf16("<I2"), big = utf16(">I2") } do
      local h = flow.home("Europe/Berlin")
      local path = flow.write(h.dir .. "/tage.csv", bytes)
      h.run("import", path)
      expect(name .. flow.read(path .. ".map.lua")).contains('["K\u{f6}rperfett"] = { metric = "body_fat"')
      expect(h.import(path, "--map", flow.write(h.dir .. "/m.lua", (map:gsub("%%%%", "%%"))))[1].new).equals(4)
      local got = expectation.stored(h.dump())
      expect({ name, got.samples.body_fat[1].value, got.records.note[1].attributes.text, got.records.note[2].attributes.text })
        .equals { name, 21.5, "\u{fc}ber 3 km \u{2013} gut", "M\u{fc}sli" }
      h.remove()
    end
  end)

  it("has times that are taken as they say themselves: with their offset, as UTC, or by the clock on the wall", function()
    for text, start in pairs { ["2024-06-01T10:00:00Z"] = "2024-06-01T12:00", ["2024-06-01T10:00:00+05:45"] =
      "2024-06-01T10:00", ["1717236000"] = "2024-06-01T12:00", ["2024-06-01T10:00:00"] = "2024-06-01T10:00" } do
      local h = flow.home("Europe/Berlin")
      local path = flow.write(h.dir .. "/my.csv", "time,weight\n" .. text .. ",80\n")
      h.run("import", path)
      h.ok("import", path, "--map", path .. ".map.lua")
      local line = h.ok("query", "weight", "--every", "raw", "--from", "2024-06-01", "--to", "2024-06-01").out
      expect(text .. " " .. (line:match('"start":"(.-):00[.Z+]') or line)).equals(text .. " " .. start)
      h.remove()
    end
  end)

  it("is imported by the mapping, once, and again when the mapping says something else", function()
    local h = flow.home("Europe/Berlin")
    local path, map = flow.write(h.dir .. "/mein.csv", OWN), flow.write(h.dir .. "/m.lua", MAPPING)
    local list = h.import(path, "--as", "csv", "--map", map)
    expect(list[1].new).equals(3)
    expect(list[1].rejected).equals(0)
    local got = expectation.stored(h.dump())
    expect(got.samples.weight[1].value).equals(78.4)
    expect(got.samples.weight[1].ms).equals(1703977200000) -- midnight there
    expect(got.samples.heart_rate.n).equals(1)
    expect(h.import(path, "--map", map)[1].kept_reason).contains("imported before")
    flow.write(map, (MAPPING:gsub('"heart_rate"', '"resting_heart_rate"')))
    h.import(path, "--map", map)
    expect(expectation.stored(h.dump()).samples.resting_heart_rate.n).equals(1)
    h.remove()
  end)

  it("gives records and totals of days where the mapping says so", function()
    local h = flow.home("Europe/Berlin")
    local path = flow.write(h.dir .. "/w.csv", "id,begin,minutes,what,schritte\n"
      .. "a,2024-01-01 08:00,30,Sauna,4000\nb,2024-01-02 09:00,10,Sauna,5000\n")
    local map = flow.write(h.dir .. "/m.lua", [[return { time = { column = "begin", order = "ymd" },
      lasts = { column = "minutes", unit = "min" }, columns = { schritte = { metric = "steps", total = true } },
      record = { kind = "mindful", id = "id", attributes = { name = "what" } } }]])
    expect(h.import(path, "--map", map)[1].new).equals(4)
    local got = expectation.stored(h.dump())
    expect(got.records.mindful[1].attributes.name).equals("Sauna")
    expect(got.records.mindful[1].finish - got.records.mindful[1].start).equals(1800000)
    expect(total_of(got, "steps", sw.time.day(2024, 1, 2))).equals(5000)
    h.remove()
  end)

  it("has a mapping that is refused in one sentence when it cannot be meant", function()
    local h = flow.home("Europe/Berlin")
    local path = flow.write(h.dir .. "/mein.csv", OWN)
    local cases = {
      { 'return { time = { column = "Datum" }, columns = { Puls = { metric = "hart_rate" } } }', "did you mean 'heart_rate'" },
      { 'return { time = { colum = "Datum" } }', "did you mean 'column'" },
      { 'return { time = { column = "Datum", order = "dym" } }', "did you mean" },
      { 'return { time = { column = "Datum" }, columns = { Puls = { metric = "weight", unit = "bpm" } } }', "no unit of weight" },
      { 'return { columns = {} }', "which column says when" },
      { 'return { time = { column = "Datum" } }', "names no column" },
      { 'return 5', "must return one table" },
      { 'while true do end', "m.lua" },
      { 'return { time = { column = "Datum" }, record = { kind = "workut" } }', "did you mean 'workout'" },
    }
    for _, c in ipairs(cases) do
      local r = h.run("import", path, "--map", flow.write(h.dir .. "/m.lua", c[1]))
      expect(r.code).equals(2)
      expect(r.err).contains(c[2])
    end
    local missing = h.run("--json", "import", path, "--map", flow.write(h.dir .. "/m.lua",
      'return { time = { column = "Tag" }, columns = { Puls = { metric = "heart_rate" } } }'))
    expect(missing.out).contains("no column 'Tag'")
    h.remove()
  end)
end)

describe("files that are damaged or foreign", function()
  it("each get one sentence, keep what precedes, and crash nothing", function()
    local h = flow.home("Europe/Berlin")
    local fitbit = exports.files(PLAN).fitbit[1].text
    local cases = {
      { "steps-2024-01-01.json", fitbit:sub(1, #fitbit - 30), 4, "ends in the middle", 3 },
      { "activities.csv", exports.files(PLAN).strava[1].text .. '999,"Mar 1, 2024', 4, "inside quotes", 4 },
      { "other.json", '{"hello": [1, 2]}', 1, "JSON that no importer knows", 0 },
      { "empty.csv", "", 1, "empty", 0 },
      { "u16.csv", "\xff\xfea\0,\0b\0\n\0", 1, "columns no importer knows", 0 },
      { "u16.json", "\xff\xfe{\0}\0", 1, "UTF%-16", 0 },
      { "no.db", "SQLite format 3\0" .. ("\0"):rep(84), 1, "damaged", 0 },
      { "half.db", "SQLite format 3\0" .. ("\x10\0\1\1\0"):rep(1000), 1, "SQLite database", 0 },
      { "deep.json", ("["):rep(500), 1, "JSON", 0 },
    }
    for _, c in ipairs(cases) do
      local list, r = h.import(flow.write(h.dir .. "/" .. c[1], c[2]))
      local said = (list[1].reasons[1] or "") .. (list[1].notes[1] or "")
      expect(("%s: exit %d: %s"):format(c[1], r.code, said:find(c[4]) and c[4] or said)).equals(
        ("%s: exit %d: %s"):format(c[1], c[3], c[4]))
      expect(list[1].new).equals(c[5])
    end
    h.remove()
  end)

  it("cost what cannot be meant: neither the rest of the file nor the files beside it", function()
    local h = flow.home("Europe/Berlin")
    local night = '{"logId":%s,"dateOfSleep":"2024-01-02","startTime":"2024-01-01T%d:10:00.000","duration":%s,'
      .. '"levels":{"data":[]}}'
    sw.fs.mkdir(h.dir .. "/made")
    flow.write(h.dir .. "/made/sleep-2024-01-01.json", "[" .. table.concat({ night:format('{"a":1}', 21, 3600000),
      night:format('"no number"', 22, 3600000), night:format("7", 23, "1e300"), night:format("8", 20, 1800000) },
      ",") .. "]")
    flow.write(h.dir .. "/made/steps-2024-01-01.json", '[{"dateTime":"01/01/24 10:00:00","value":"30"}]')
    local list, r = h.import(h.dir .. "/made")
    expect(r.code).equals(4)
    local by_name = {}
    for _, f in ipairs(list) do
      by_name[(f.file or ""):match("[^/]*$")] = f
    end
    local sleep, steps = by_name["sleep-2024-01-01.json"], by_name["steps-2024-01-01.json"]
    expect(sleep.status).equals("partial")
    expect(sleep.new).equals(1)
    expect(sleep.rejected).equals(3)
    expect(steps.new).equals(1)
    expect(#h.json("records", "sleep")).equals(1)
    expect(h.run("check").code).equals(0)
    h.remove()
  end)
end)
