-- Data out: every format read by somebody else's reader, and JSON lines back into an empty home.
local flow = require("flow")

local json = sw.json
local support = flow.root .. "/tests/support/"
local ZONE = "Europe/Berlin"

local shared_home

local folders = {}

local function temp()
  folders[#folders + 1] = flow.temp()
  return folders[#folders]
end

-- A home with two made-up years in real formats, entries by hand, and a record of each kind; made once.
local function full_home()
  if not shared_home then
    local h, dir = flow.home(ZONE), temp() .. "/demo"
    local r = flow.sh(("timeout 300 %s demo --keep %s"):format(flow.quote(flow.binary), dir))
    expect(r.code).equals(0)
    h.import(dir .. "/files")
    h.ok("log", "weight", "81.2kg", "2026-01-02 07:00")
    h.ok("log", "caffeine", "80mg", "2026-01-02 08:00")
    h.ok("log", "note", "a line with \"quotes\", a comma", "2026-01-02 09:00")
    sw.fs.remove_tree(dir)
    shared_home = h
  end
  return shared_home
end

local function export(h, format, ...)
  local path = temp() .. "/out." .. format
  local r = h.ok("export", format, "--out", path, ...)
  return path, r
end

local function python(code, ...)
  local words = { "/usr/bin/python3", "-W", "ignore" }
  for _, word in ipairs { "-c", code, ... } do
    words[#words + 1] = flow.quote(word)
  end
  local r = flow.sh(table.concat(words, " "))
  if r.code ~= 0 then
    error(r.err, 2)
  end
  return json.decode(r.out)
end

local function count(text, part)
  return select(2, text:gsub(part, ""))
end

describe("export json", function()
  it("and import into an empty home give the same canonical dump", function()
    local h, other = full_home(), flow.home(ZONE)
    local path = export(h, "json")
    local list, r = other.import(path)
    expect(r.code).equals(0)
    expect(list[1].format).equals("syncwell")
    expect(list[1].status).equals("ok")
    expect(list[1].rejected).equals(0)
    local wanted = h.dump()
    expect(flow.difference(wanted, other.dump())).equals("")
    expect(count(wanted, '"table":"day_total"') > 50).equals(true)
    expect(count(wanted, '"table":"record"') > 1000).equals(true)
    sw.sys.out(("note %d lines of dump are the same, %s values\n"):format(count(wanted, "\n"), list[1].new))
    -- what came in goes out again byte for byte
    expect(flow.sh(("cmp %s %s"):format(path, (export(other, "json")))).out).equals("")
    other.remove()
  end)

  it("taken back into the home it came from adds nothing and changes nothing", function()
    local h = full_home()
    local before = h.dump()
    local list = h.import((export(h, "json")))
    expect(list[1].new).equals(0)
    expect(list[1].updated).equals(0)
    expect(list[1].rejected).equals(0)
    expect(flow.difference(before, h.dump())).equals("")
  end)

  it("killed while it is taken back and begun again ends the same", function()
    local h, other = full_home(), flow.home(ZONE)
    local path = export(h, "json")
    local kills = 0
    for _, after in ipairs { "0.15", "0.25", "0.35" } do
      local r = flow.sh(("timeout -s KILL %s %s"):format(after, other.command("--quiet", "import", path)))
      kills = kills + (r.code == 137 and 1 or 0)
    end
    other.ok("--quiet", "import", path)
    expect(flow.difference(h.dump(), other.dump())).equals("")
    sw.sys.out(("note killed %d times on the way\n"):format(kills))
    other.remove()
  end)

  it("of another person finds its groups anew and has as many records", function()
    local h, other = full_home(), flow.home(ZONE)
    local path = export(h, "json", "--kind", "workout")
    other.ok("--user", "kim", "import", path)
    local mine, theirs = h.json("records", "workout"), other.json("--user", "kim", "records", "workout")
    expect(#theirs).equals(#mine)
    local function groups(list)
      local seen, n = {}, 0
      for _, r in ipairs(list) do
        n, seen[r.group] = n + (seen[r.group] and 0 or 1), true
      end
      return n
    end
    expect(groups(theirs)).equals(groups(mine))
    other.remove()
  end)

  it("brings what was decided by hand along: groups, edits, tags, deletions, goals and tasks", function()
    local h, other = flow.home("UTC"), flow.home("UTC")
    local task = [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "workout.created", backfill = true, uses = { "task:write" },
  run = function(w, ctx) ctx.task.add { title = "Wash the bike", notes = "soon" } end }
]]
    flow.write(h.dir .. "/rules/automations/t.lua", task)
    for i, at in ipairs { "08:00", "11:00", "15:00", "19:00" } do
      h.ok("log", "workout", "cycling", 20 + i .. "min", "2026-01-02 " .. at)
    end
    h.ok("run", "--once")
    local list = h.json("records", "workout")
    table.sort(list, function(a, b) return a.start < b.start end)
    h.ok("records", "join", list[1].id, list[2].id)
    h.ok("records", "join", list[3].id, list[2].id)
    h.ok("records", "split", list[3].id)
    h.ok("records", "edit", "--where", "id=" .. list[1].id, "--set", "title=Along the river")
    h.ok("records", "tag", "--where", "id=" .. list[4].id, "loud")
    h.ok("log", "workout", "running", "30min", "2026-01-03 08:00")
    h.ok("records", "delete", "--where", "kind=workout day=2026-01-03")
    h.ok("goals", "set", "steps", "9000/day")
    expect(#h.json("tasks") > 0).is_true()
    local path = export(h, "json")
    local got = other.import(path)
    expect({ got[1].status, got[1].rejected }).equals { "ok", 0 }
    local function kept(dump) -- what a rule did stays where it ran; an import has a connection of its own
      local lines = {}
      for line in dump:gmatch("[^\n]+") do
        local kind = line:match('^{"table":"doc".-"kind":"([%w_.]+)"')
        lines[#lines + 1] = not line:find('"table":"connection"', 1, true) and (not kind or ("goal group_alias group_choice task"):find(kind, 1, true)) and line or nil
      end
      return table.concat(lines, "\n")
    end
    for _, part in ipairs { '"group_choice"', '"group_alias"', '"goal"', '"task"', '"deleted"', "Along the river", "loud" } do
      expect(kept(h.dump())).contains(part)
    end
    expect(flow.difference(kept(h.dump()), kept(other.dump()))).equals("")
    expect(flow.read(path)).equals(flow.read((export(other, "json"))))
    other.ok("undo", "--last")
    expect(#other.json("tasks") + #other.json("goals")).equals(0)
    h.remove()
    other.remove()
  end)

  it("cut short keeps what stands before the cut and says so", function()
    local h, other = full_home(), flow.home(ZONE)
    local text = flow.read((export(h, "json", "--metric", "weight")))
    local path = flow.write(temp() .. "/cut.jsonl", text:sub(1, #text - 20))
    local list, r = other.import(path)
    expect(r.code).equals(4)
    expect(list[1].status).equals("partial")
    expect(list[1].notes[1]:find("damaged", 1, true) ~= nil).equals(true)
    other.remove()
  end)

  it("with lines made by a stranger is refused line by line, never as a whole", function()
    local other = flow.home(ZONE)
    local lines = { '{"line":"syncwell","version":1,"zone":"Europe/Berlin"}',
      '{"line":"origin","id":"1","provider":"file","name":"x\\u001b[31m","class":"phone"}',
      '{"line":"record","origin":"1","kind":"workout"}',
      '{"line":"record","origin":"1","kind":"note","start_ms":1767344400000,"finish_ms":1767344400000,'
        .. '"offset_start":60,"offset_finish":60,"day":"2026-01-02","external_id":"a","revision":"many","group":"zz",'
        .. '"connection":{"provider":"file","name":"files"},"attributes":{"text":"\\u001b]0;title"},"segments":7}',
      '{"line":"day_total","origin":"1","metric":"nothing","day":"2026-01-02","value":3,"unit":"m"}',
      '{"line":"day_total","origin":"1","metric":"steps","day":"2026-01-02","value":"3","unit":"{step}"}',
      '{"line":"samples","origin":"1","metric":"nothing","unit":"m","at":[["2026-01-02T08:00:00Z",0,1]]}',
      '{"line":"samples","origin":"2","metric":"steps","unit":"{step}","at":[["2026-01-02T08:00:00Z",0,1]]}',
      '{"line":"samples","origin":"1","metric":"steps","unit":"{step}","at":[["2026-01-02T08:00:00Z",0,7],"?"]}',
      '{"line":"document","kind":"rule","name":"x","at":0,"body":{}}', '{"line":"document","kind":"goal","name":"steps","at":0,"body":5}',
      '{"line":"surprise"}', 'no line' }
    local path = flow.write(temp() .. "/strange.jsonl", table.concat(lines, "\n") .. "\n")
    local list = other.import(path)
    expect(list[1].new).equals(2)
    expect(list[1].rejected).equals(9)
    local note = other.json("records", "note")[1]
    expect(note.attributes.text:find("\27", 1, true)).equals(nil)
    expect(note.revision).equals(1)
    other.remove()
  end)
end)

describe("export csv", function()
  local read = [=[
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")))
steps = {}
for r in rows:
    if r.get("metric") == "steps": steps[r["origin"]] = steps.get(r["origin"], 0) + float(r["value"])
print(json.dumps({"n": len(rows), "steps": steps, "first": rows[0], "origins": sorted({r["origin"] for r in rows})}))]=]

  it("has each sample a line, with time and offset, and the sums that query gives", function()
    local h = full_home()
    local path, r = export(h, "csv", "--metric", "steps")
    local got = python(read, path)
    local total = 0
    for _, row in ipairs(h.json("query", "steps", "--by", "source", "--from", "2000-01-01")) do
      total = total + row.sum
    end
    local sum = 0
    for _, n in pairs(got.steps) do
      sum = sum + n
    end
    expect(math.abs(sum - total) < 0.01).equals(true)
    expect(got.first.time:find("^%d+%-%d%d%-%d%dT%d%d:%d%d:%d%d[+Z]") ~= nil).equals(true)
    expect(r.err:gsub(",", ""):find(("%d samples"):format(got.n), 1, true)).equals(1)
  end)

  it("into a folder has samples and records, quotes read back as they were", function()
    local h, dir = full_home(), temp() .. "/tables/"
    h.ok("export", "csv", "--out", dir)
    local records = python(read, dir .. "records.csv")
    local samples = python(read, dir .. "samples.csv")
    expect(records.n).equals(#h.json("records", "all"))
    local found
    for _, name in ipairs(samples.origins) do
      found = found or name == 'Food "Diary"'
    end
    expect(found).equals(true)
  end)

  it("of a few days has those days only", function()
    local h = full_home()
    local path = export(h, "csv", "--metric", "heart_rate", "--from", "2025-05-01", "--to", "2025-05-02")
    for day in flow.read(path):gmatch("\n(%d+%-%d%d%-%d%d)T") do
      expect(day == "2025-05-01" or day == "2025-05-02").equals(true)
    end
  end)

  it("of a day has the day of the data, not that of the home, wherever its person was", function()
    local h = flow.home("Europe/Berlin")
    local file = h.dir .. "/tokyo.jsonl"
    h.import(flow.write(file, '{"line":"syncwell","version":1,"zone":"Asia/Tokyo"}\n'
      .. '{"line":"origin","id":"1","provider":"file","name":"Watch","maker":"","class":"watch"}\n'
      .. '{"line":"samples","origin":"1","metric":"steps","unit":"{step}","at":[["2025-03-02T00:30:00+09:00",60000,20],'
      .. '["2025-03-02T23:30:00+09:00",60000,30],["2025-03-03T00:30:00+09:00",60000,400]]}\n'))
    local day = { "--from", "2025-03-02", "--to", "2025-03-02" }
    expect(h.json("query", "steps", table.unpack(day))[1].value).equals(50)
    expect(#h.json("query", "steps", "--every", "raw", table.unpack(day))).equals(2)
    expect(count(h.ok("export", "csv", table.unpack(day)).out, "\r\n")).equals(3) -- two, and the head
    local points = h.ok("export", "omh", table.unpack(day)).out
    expect({ count(points, '"step_count":20'), count(points, '"step_count":30'), count(points, "\n") }).equals { 1, 1, 2 }
    h.remove()
  end)

  it("of records shows what a person changed, as records does, and no second one", function()
    local h = flow.home("UTC")
    h.ok("log", "workout", "running", "45min", "8km", "2025-03-02 18:00")
    h.ok("records", "edit", "--where", "kind=workout", "--set", "distance_m=9km")
    local table_of_records = h.ok("export", "csv", "--kind", "workout").out
    expect(count(table_of_records, "\r\n")).equals(2)
    expect(table_of_records).contains(",9000,")
    local points = h.ok("export", "omh", "--kind", "workout").out
    expect({ count(points, "\n"), count(points, '"value":9000') }).equals { 1, 1 }
    expect(count(h.ok("export", "fhir", "--kind", "workout").out, '"resourceType":"Observation"')).equals(1)
    expect(count(h.ok("export", "json", "--kind", "workout").out, '"line":"record"')).equals(2) -- nothing lost
    h.remove()
  end)

  it("to standard output is what the file holds, and a full disk leaves no half file", function()
    local h = full_home()
    local path = export(h, "csv", "--metric", "weight")
    expect(h.ok("--quiet", "export", "csv", "--metric", "weight").out).equals(flow.read(path))
    local r = h.run("export", "csv", "--out", "/proc/nowhere.csv")
    expect(r.code).equals(1)
    expect(r.err:find("cannot write /proc/nowhere.csv", 1, true) ~= nil).equals(true)
    r = flow.sh(h.command("export", "json") .. " > /dev/full")
    expect(r.code).equals(1)
    expect(r.err:find("No space left", 1, true) ~= nil).equals(true)
  end)

  it("of an origin that looks like a formula or a field of ours stays a plain text", function()
    local other = flow.home(ZONE)
    local path = flow.write(temp() .. "/in.jsonl", '{"line":"syncwell","version":1}\n'
      .. '{"line":"origin","id":"1","provider":"file","name":"=1+{value}{start}","class":"phone"}\n'
      .. '{"line":"samples","origin":"1","metric":"steps","unit":"{step}","at":[["2026-01-02T08:00:00Z",0,7]]}\n')
    other.ok("import", path)
    expect(other.ok("export", "csv").out:match("\n([^\r]+)\r\n$")).equals(
      "2026-01-02T08:00:00Z,steps,7,{step},0,'=1+{value}{start},file")
    local omh = other.ok("export", "omh").out
    expect(json.decode(omh).header.acquisition_provenance.source_name).equals("=1+{value}{start}")
    other.remove()
  end)
end)

describe("export omh", function()
  it("gives points that the published schemas accept, and counts what has none", function()
    if not flow.has_shared("schemas/openmhealth/schema/omh/header-1.2.json") then
      skip("needs ../shared/schemas")
    elseif flow.sh("/usr/bin/python3 -c 'import jsonschema'").code ~= 0 then
      skip("needs python3-jsonschema")
    end
    local h = full_home()
    local path, r = export(h, "omh")
    expect(r.err:find("left out, because the format has no words for them: altitude (", 1, true) ~= nil).equals(true)
    local checked = flow.sh(("/usr/bin/python3 -W ignore %scheck_omh.py %s %s"):format(support,
      flow.quote(flow.shared .. "/schemas/openmhealth/schema/omh"), path))
    expect(checked.err).equals("")
    local got = json.decode(checked.out)
    expect(got.by_schema["step-count"] > 100).equals(true)
    expect(got.by_schema["blood-pressure"] > 10).equals(true)
    expect(got.by_schema["sleep-episode"] > 100).equals(true)
    sw.sys.out(("note %d points, %d of them validated\n"):format(got.points, got.validated))
  end)
end)

describe("export fhir", function()
  local path

  it("keeps the rules of R4", function()
    local h = full_home()
    path = export(h, "fhir", "--from", "2025-05-01", "--to", "2025-05-20")
    local r = flow.sh(("/usr/bin/python3 %scheck_fhir.py %s"):format(support, path))
    expect(r.err).equals("")
    local got = json.decode(r.out)
    expect(got.observations > 1000).equals(true)
    expect(got.patients).equals(1)
    sw.sys.out(("note %d observations, %d with a LOINC code\n"):format(got.observations, got.coded))
  end)

  it("is accepted by the npm package fhir, which has R4's structure definitions", function()
    local dir = temp()
    local r = flow.sh(("command -v npm >/dev/null && cd %s && timeout 120 npm install --prefix . --ignore-scripts "
      .. "--no-audit --no-fund fhir@4.12.0"):format(dir))
    if r.code ~= 0 then
      skip("needs npm and its registry")
    end
    r = flow.sh(("node %scheck_fhir.mjs %s %s"):format(support, dir, path))
    local got = json.decode(r.out) or { errors = { r.err } }
    expect(table.concat(got.errors, "\n")).equals("")
    expect(got.checked > 1000).equals(true)
    sw.fs.remove_tree(dir)
  end)
end)

describe("export ics", function()
  it("has an event that begins about midnight on one day, whichever day its members are of", function()
    local h = flow.home("UTC")
    h.import(flow.write(h.dir .. "/phone.jsonl", '{"line":"syncwell","version":1,"zone":"UTC"}\n'
      .. '{"line":"origin","id":"1","provider":"file","name":"Phone","maker":"","class":"phone"}\n'
      .. '{"line":"record","id":"1","kind":"workout","type":"running","start_ms":1740873570000,"finish_ms":1740877200000,'
      .. '"offset_start":0,"offset_finish":0,"day":"2025-03-01","connection":{"provider":"file","name":"files"},"origin":"1",'
      .. '"external_id":"a","attributes":{"sport":"running"}}\n'))
    h.ok("log", "workout", "running", "60min", "2025-03-02 00:00")
    expect(h.json("records", "workout")[1].group).equals(h.json("records", "workout")[2].group)
    local n = {}
    for i, day in ipairs { "2025-03-01", "2025-03-02" } do
      n[i] = count(h.ok("export", "ics", "--from", day, "--to", day).out, "BEGIN:VEVENT")
    end
    expect(n).equals { 0, 1 } -- what was written by hand stands best
    h.remove()
  end)

  it("has an event for each real workout and night, readable elsewhere", function()
    local h = full_home()
    if flow.sh("/usr/bin/python3 -c 'import icalendar'").code ~= 0 then
      skip("needs python3-icalendar")
    end
    local got = python([[
import icalendar, json, sys
c = icalendar.Calendar.from_ical(open(sys.argv[1], "rb").read())
e = [x for x in c.walk("VEVENT")]
print(json.dumps({"n": len(e), "uids": len({str(x["UID"]) for x in e}),
  "ordered": all(x["DTEND"].dt >= x["DTSTART"].dt for x in e)}))]], (export(h, "ics")))
    local groups, n = {}, 0
    for _, kind in ipairs { "workout", "sleep" } do
      for _, r in ipairs(h.json("records", kind)) do
        n, groups[r.group] = n + (groups[r.group] and 0 or 1), true
      end
    end
    expect(got.n).equals(n)
    expect(got.uids).equals(n)
    expect(got.ordered).equals(true)
  end)
end)

describe("an export of five million samples", function()
  it("stays within 64 MiB of memory in every format that streams", function()
    local h, dir = flow.home("UTC"), temp()
    python([[
import json, sys
from datetime import datetime, timedelta
out = open(sys.argv[1] + "/many.jsonl", "w")
out.write('{"line":"syncwell","version":1}\n{"line":"origin","id":"1","provider":"file","name":"Strap","class":"strap"}\n')
t, n = datetime(2020, 1, 1), 0
head = '{"line":"samples","metric":"heart_rate","unit":"/min","origin":"1","at":['
while n < 5000000:
    rows = ['["%sZ",0,%d]' % ((t + timedelta(seconds=i)).isoformat(), 50 + (n + i) * 7 % 90) for i in range(1000)]
    out.write(head + ",".join(rows) + "]}\n")
    t, n = t + timedelta(seconds=1000), n + 1000
out.close()
print("null")]], dir)
    h.ok("--quiet", "import", dir .. "/many.jsonl")
    for _, format in ipairs { "csv", "json", "omh", "fhir" } do
      local got = python([[
import json, resource, subprocess, sys, time
began = time.time()
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(json.dumps({"kib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, "s": time.time() - began}))]],
        "", flow.binary, "--home", h.dir, "export", format)
      expect(got.kib < 64 * 1024).equals(true)
      sw.sys.out(("note %s: 5,000,000 samples in %.1f s, peak %.1f MiB\n"):format(format, got.s, got.kib / 1024))
    end
    h.remove()
    sw.fs.remove_tree(dir)
  end)

  it("leaves nothing behind, as do the others", function()
    shared_home.remove()
    for _, dir in ipairs(folders) do
      sw.fs.remove_tree(dir)
    end
    expect(sw.fs.stat(shared_home.dir)).equals(nil)
  end)
end)
