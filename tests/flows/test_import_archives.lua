-- Archives as vendors give them and as they arrive: packed otherwise, cut, locked, made by Windows, with names
-- that lead elsewhere. What can be read is read; what cannot costs itself and one sentence.
local flow = require("flow")

local STEPS = '[{"dateTime":"03/%02d/24 10:00:00","value":"%d"}]'

-- Python writes the archives: names and contents by a list.
local MAKE = [[/usr/bin/python3 - %s %s <<'PY'
import io, json, sys, tarfile, zipfile
path, files = sys.argv[1], json.load(open(sys.argv[2]))
if path.endswith(".zip"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in files:
            info = zipfile.ZipInfo("x")
            info.filename = name
            z.writestr(info, text)
else:
    with tarfile.open(path, "w:gz" if path.endswith("gz") else "w") as t:
        for name, text in files:
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            t.addfile(info, io.BytesIO(text.encode()))
PY]]

local function archive(path, files)
  local list = flow.write(flow.temp() .. "/files.json", sw.json.encode(sw.json.list(files)))
  if flow.sh(MAKE:format(flow.quote(path), list)).code ~= 0 then
    skip("needs python3")
  end
  return path
end

local function steps(day)
  return ("Takeout/Fitbit/Global Export Data/steps-2024-03-%02d.json"):format(day), STEPS:format(day, day)
end

local function days(n)
  local list = {}
  for day = 1, n do
    list[day] = sw.json.list { steps(day) }
  end
  return list
end

local function kept(h)
  local sum = 0
  for _, d in ipairs(h.json("query", "steps", "--from", "2024-03-01", "--to", "2024-03-31")) do
    sum = sum + d.value
  end
  return sum
end

describe("an archive", function()
  it("of any kind gives what its files give by themselves", function()
    local dumps = {}
    for i, name in ipairs { "t.zip", "t.tar", "t.tgz", "t.tar.gz" } do
      local dir, h = flow.temp(), flow.home("UTC")
      archive(dir .. "/" .. name, days(12))
      h.import(dir)
      expect(kept(h)).equals(78)
      dumps[i] = h.dump()
      local again = h.import(dir)
      expect({ dumps[i], again[#again].total.new }).equals { dumps[1], 0 }
      h.remove()
    end
  end)

  it("that was downloaded by half keeps what came, says so, and the whole one brings the rest", function()
    local dir, h = flow.temp(), flow.home("UTC")
    local whole = archive(dir .. "/whole.tar", days(12))
    local half = flow.write(dir .. "/half.tar", flow.read(whole):sub(1, 1024 * 5 + 532))
    local list, r = h.import(half)
    expect({ r.code, kept(h) }).equals { 4, 15 }
    expect(list[#list - 1].reasons[1]).contains("download it again for the rest")
    h.import(whole)
    local straight = flow.home("UTC")
    straight.import(whole)
    expect(h.dump()).equals(straight.dump())
    h.remove()
    straight.remove()
  end)

  it("made by Windows has its files where their strokes lean", function()
    local dir, h = flow.temp(), flow.home("UTC")
    local files = days(2)
    files[1][1] = files[1][1]:gsub("/", "\\")
    local list = h.import(archive(dir .. "/w.zip", files))
    expect({ kept(h), list[#list].total.refused }).equals { 3, 0 }
    h.remove()
  end)

  it("with a name that leads out of it loses that file and no other", function()
    for _, name in ipairs { "t.zip", "t.tgz" } do
      local dir, h = flow.temp(), flow.home("UTC")
      local files = days(3)
      files[2][1] = "../../" .. files[2][1]
      local list, r = h.import(archive(dir .. "/" .. name, files))
      expect({ r.code, kept(h), list[#list].total.refused }).equals { 4, 4, 1 }
      expect(r.out).contains("leads out of the archive")
      h.remove()
    end
  end)

  it("that is a spreadsheet is one sentence that says what to do", function()
    local dir, h = flow.temp(), flow.home("UTC")
    local sheet = archive(dir .. "/weights.zip", { sw.json.list { "[Content_Types].xml", "<Types/>" },
      sw.json.list { "xl/worksheets/sheet1.xml", "<worksheet/>" } })
    local list, r = h.import(sheet)
    expect({ r.code, #list }).equals { 1, 2 }
    expect(list[1].reasons[1]).contains("save it as CSV")
    h.remove()
  end)
end)

-- Heart rates of a day, every fifth second, two of them refused.
local function heart(day)
  local rows = {}
  for i = 0, 5999 do
    rows[#rows + 1] = ('{"dateTime":"03/%02d/24 %02d:%02d:%02d","value":{"bpm":%d}}'):format(day, i // 720, i // 12 % 60, i % 12 * 5,
      i % 3000 == 7 and 999 or 50 + (i * 7 + day) % 90)
  end
  return sw.json.list { ("Takeout/Fitbit/Global Export Data/heart_rate-2024-03-%02d.json"):format(day), "[" .. table.concat(rows, ",") .. "]" }
end

local function by_file(list)
  local files = {}
  for _, r in ipairs(list) do
    if r.file then
      files[r.file] = { r.new + r.updated + r.unchanged, r.rejected, r.reasons, r.status }
    end
  end
  return files
end

-- Kill the import of a path three times, each after a share of what it takes; how often it was still running.
local function harass(h, path, took_ms, round)
  local hits = 0
  for k = 1, 3 do
    local r = flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep %.3f; kill -9 $pid 2>/dev/null && echo hit; wait $pid 2>/dev/null; true"):format(
      h.command("import", path), took_ms * (round * 3 + k) / 30000))
    hits = hits + (r.out:find("hit") and 1 or 0)
  end
  return hits
end

describe("an archive whose import is killed", function()
  it("gives the same home and the same counts when it is imported again", function()
    local dir, files, hits = flow.temp(), days(3), 0
    for day = 1, 10 do
      files[#files + 1] = heart(day)
    end
    for _, name in ipairs { "t.tgz", "t.zip" } do
      local path, calm = archive(dir .. "/" .. name, files), flow.home("UTC")
      local began = sw.time.mono()
      local wanted, took_ms = by_file((calm.import(path))), sw.time.mono() - began
      for round = 1, 5 do
        local h = flow.home("UTC")
        hits = hits + harass(h, path, took_ms, round)
        expect(by_file((h.import(path)))).equals(wanted)
        expect(flow.difference(calm.dump(), h.dump())).equals("")
        h.remove()
      end
      calm.remove()
    end
    expect(hits > 6).is_true()
  end)
end)

describe("an import", function()
  it("takes two days for two days, though nothing in them differs", function()
    local dir, h = flow.temp(), flow.home("Europe/Berlin")
    for _, day in ipairs { "2024-02-01", "2024-02-02" } do
      flow.write(dir .. "/" .. day .. ".csv", "Start time,End time,Step count\n08:00:00.000+01:00,08:15:00.000+01:00,100\n")
    end
    h.import(dir)
    local got = h.json("query", "steps", "--from", "2024-02-01", "--to", "2024-02-02")
    expect({ #got, got[1].value, got[2].value }).equals { 2, 100, 100 }
    local again = h.import(dir)
    expect(again[#again].total).equals { files = 2, new = 0, updated = 0, unchanged = 2, rejected = 0, ok = 2, partial = 0,
      refused = 0, passed = 0 }
    h.remove()
  end)

  it("says what it left and why, by folder", function()
    local dir, h = flow.temp(), flow.home("UTC")
    local files = days(1)
    for i = 1, 30 do
      files[#files + 1] = sw.json.list { ("Takeout/Fit/Tage/2024-01-%02d.csv"):format(i), "Startzeit,Schrittzahl\n08:00,5\n" }
    end
    files[#files + 1] = sw.json.list { "Takeout/archive_browser.html", "<!DOCTYPE html><html></html>" }
    local path = archive(dir .. "/t.zip", files)
    local list = h.import(path)
    expect(list[#list].left).equals { { folder = path .. "!Takeout/Fit/Tage", files = 30, such_as = "2024-01-01.csv",
      why = "this looks like a table (CSV) whose columns no importer knows; by itself it can be imported with a mapping" },
      { folder = path .. "!Takeout", files = 1, such_as = "archive_browser.html",
        why = "this looks like a web page: the download probably needed a sign-in" } }
    local said = h.ok("import", path).out
    expect(said).contains("left  t.zip!Takeout/Fit/Tage: 30 files, such as 2024-01-01.csv: this looks like a table")
    expect(said).contains("31 files left")
    h.remove()
  end)

  it("on trial counts what would come and leaves the home as it was", function()
    local dir, h = flow.temp(), flow.home("UTC")
    local path = archive(dir .. "/t.tgz", days(9))
    flow.write(dir .. "/steps-2024-03-01.json", STEPS:format(1, 1))
    flow.write(dir .. "/steps-2024-03-01.json.gz", "")
    local before = h.dump()
    local trial, r = h.import("--dry-run", dir)
    expect({ h.dump(), #h.json("undo") }).equals { before, 0 }
    expect(h.ok("import", "--dry-run", path).out).contains("; nothing was stored")
    local real, s = h.import(dir)
    expect({ r.code, #trial }).equals { s.code, #real }
    expect(trial[#trial].total.new + trial[#trial].total.unchanged).equals(real[#real].total.new + real[#real].total.unchanged)
    expect(real[#real].total.new).equals(9)
    local after = h.import("--dry-run", dir)
    expect({ after[#after].total.new, after[#after].total.unchanged }).equals { 0, 10 }
    h.remove()
  end)
end)
