-- What an import says of a file is stored with its data: stopped between the commit of the data and that of
-- the file's end, the next one still knows what every batch was counted as.
local flow = require("flow")
local world = require("world")

local HINDER = [[/usr/bin/python3 - %s %s <<'PY'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1] + "/syncwell.db")
plain = "body TEXT NOT NULL"
never = plain + " CHECK (kind <> '.file' OR instr(body, '\"done\":true') = 0)"
was, then = (plain, never) if sys.argv[2] == "on" else (never, plain)
c.execute("PRAGMA writable_schema = 1")
n = c.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'doc' AND instr(sql, ?)", (was, then, was))
assert n.rowcount == 1
c.commit()
PY]]

-- While it is hindered, the store takes no document that says a file was read to its end.
local function hinder(h, how)
  if flow.sh(HINDER:format(flow.quote(h.dir), how)).code ~= 0 then
    skip("needs python3 with sqlite3")
  end
end

local function by_file(list)
  local files = {}
  for _, r in ipairs(list) do
    if r.file then
      files[r.file:match("[^/]+$")] = { kept = r.new + r.updated + r.unchanged, rejected = r.rejected, reasons = r.reasons }
    end
  end
  return files
end

local function compared(paths)
  local calm, h = flow.home("Europe/Berlin"), flow.home("Europe/Berlin")
  local wanted = by_file((calm.import(table.unpack(paths))))
  hinder(h, "on")
  local _, stopped = h.import(table.unpack(paths))
  hinder(h, "off")
  local dump = h.dump()
  local again = h.import(table.unpack(paths))
  local third = h.import(table.unpack(paths))
  expect(stopped.code ~= 0).is_true()
  expect(dump).equals(calm.dump())
  expect(h.dump()).equals(dump)
  for _, list in ipairs { again, third } do
    expect(by_file(list)).equals(wanted)
  end
  calm.remove()
  h.remove()
end

describe("counts of an import", function()
  it("of files that share a commit are there after a stop between that commit and their end", function()
    local dir = flow.temp()
    local w, paths = world.new(dir, { first = "2025-01-01", days = 60, seed = 4 }), {}
    for i = 1, 20 do
      paths[i] = w.activity(i, ({ "fit", "tcx", "gpx" })[i % 3 + 1])
    end
    compared(paths)
    sw.fs.remove_tree(dir)
  end)

  it("of a table with rows that are refused are there, reasons and all", function()
    local dir, rows = flow.temp(), { "timestamp,rmssd,nremhr,entropy" }
    for i = 1, 28 do
      rows[#rows + 1] = ("2024-02-%02dT00:00:00,%d,60,1.1"):format(i, i % 7 == 0 and 99999 or 40 + i)
    end
    rows[#rows + 1] = "yesterday,40,60,1.1"
    compared { flow.write(dir .. "/Daily Heart Rate Variability Summary.csv", table.concat(rows, "\n") .. "\n") }
    sw.fs.remove_tree(dir)
  end)
end)
