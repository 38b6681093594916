-- check: every changed byte of a chunk is found; figures of days are mended, data is never deleted; a log that
-- was cut loses the last step at most.
local flow = require("flow")
local world = require("world")

local python = [[
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
%s
db.commit()
]]

local function py(h, body, ...)
  local file = flow.write(h.dir .. "/step.py", python:format(body))
  local words = { "python3", flow.quote(file), flow.quote(h.dir .. "/syncwell.db") }
  for _, w in ipairs { ... } do
    words[#words + 1] = flow.quote(w)
  end
  local r = flow.sh(table.concat(words, " "))
  if r.code ~= 0 then
    error(r.err, 2)
  end
  return r.out
end

local function filled(days)
  local h = flow.home("Europe/Berlin")
  local w = world.new(h.dir, { first = "2025-01-01", days = days or 30, seed = 5 })
  h.ok("import", w.export(), w.activity(1, "fit"))
  expect(h.run("check").code).equals(0)
  return h
end

describe("check", function()
  it("finds any changed byte of any chunk", function()
    local h = flow.home("UTC")
    for i = 1, 3 do
      h.ok("log", "weight", ("8%d.5kg"):format(i), ("2025-0%d-02T10:00:00Z"):format(i))
    end
    h.ok("log", "heart_rate", "61", "2025-01-02T10:00:00Z")
    local longest = tonumber(py(h, "print(db.execute('select max(length(data)) from chunk').fetchone()[0])"))
    local chunks = tonumber(py(h, "print(db.execute('select count(*) from chunk').fetchone()[0])"))
    local bytes = 0
    for at = 0, longest - 1 do
      -- the byte at that place of every chunk that has one
      local n = tonumber(py(h, [[at, n = int(sys.argv[2]), 0
db.execute("create table saved as select * from chunk")
for key, data in db.execute("select id, data from saved"):
    if at < len(data):
        b = bytearray(data); b[at] ^= 1 << (at % 8); n += 1
        db.execute("update chunk set data = ? where id = ?", (bytes(b), key))
print(n)]], at))
      local r = h.json("check")
      local seen = 0
      for _, f in ipairs(r.findings) do
        seen = seen + (f.what == "chunk" and 1 or 0)
      end
      expect(seen).equals(n)
      bytes = bytes + n
      py(h, "db.execute('delete from chunk'); db.execute('insert into chunk select * from saved'); db.execute('drop table saved')")
    end
    expect(h.run("check").code).equals(0)
    sw.sys.out(("note %d bytes of %d chunks, each changed once and found\n"):format(bytes, chunks))
    h.remove()
  end)

  it("finds a changed byte in each of many chunks, wherever it is", function()
    local h, rounds, bytes = filled(60), 6, 0
    for round = 1, rounds do
      local n = tonumber(py(h, [[import random
r, n = random.Random("round " + sys.argv[2]), 0
db.execute("create table saved as select * from chunk")
for key, data in db.execute("select id, data from saved order by id").fetchall():
    b = bytearray(data); b[r.randrange(len(b))] ^= 1 << r.randrange(8); n += 1
    db.execute("update chunk set data = ? where id = ?", (bytes(b), key))
print(n)]], round))
      local damaged = {}
      for _, f in ipairs(h.json("check").findings) do
        damaged[#damaged + 1] = f.what == "chunk" and f or nil
      end
      expect({ round, #damaged }).equals { round, n }
      bytes = bytes + n
      py(h, "db.execute('delete from chunk'); db.execute('insert into chunk select * from saved'); db.execute('drop table saved')")
    end
    expect(h.run("check").code).equals(0)
    sw.sys.out(("note %d bytes in %d chunks, by chance\n"):format(bytes, bytes // rounds))
    h.remove()
  end)

  it("computes wrong figures of days again and deletes nothing", function()
    local h = filled()
    local before = h.dump()
    py(h, [[db.execute("update rollup set total = total * 2 where id % 3 = 0")
db.execute("delete from rollup where id % 7 = 0")]])
    local r, raw = h.json("check")
    expect(raw.code).equals(4)
    expect(r.found > 10).is_true()
    expect(h.run("check", "--repair").code).equals(0)
    expect(flow.difference(before, h.dump())).equals("")
    h.remove()
  end)

  it("names damaged samples and records, and leaves them where they are", function()
    local h = filled()
    py(h, [[key, data = db.execute("select id, data from chunk order by length(data) desc").fetchone()
b = bytearray(data); b[len(b) // 2] ^= 255
db.execute("update chunk set data = ? where id = ?", (bytes(b), key))
db.execute("update record set finish_ms = finish_ms + 1000 where id = (select min(id) from record)")]])
    local r = h.run("check", "--repair")
    expect(r.code).equals(4)
    expect(r.out:find("damaged", 1, true) ~= nil).is_true()
    expect(r.out:find("is not what was stored", 1, true) ~= nil).is_true()
    expect(tonumber(py(h, "print(db.execute('select count(*) from chunk where length(data) > 0').fetchone()[0])")) > 10)
      .is_true()
    h.remove()
  end)

  it("finds the file itself damaged", function()
    local h = filled(60)
    local path = h.dir .. "/syncwell.db"
    local text = flow.read(path)
    -- whole pages of zeroes in the middle
    local at = (#text // 2) // 4096 * 4096
    flow.write(path, text:sub(1, at) .. ("\0"):rep(8192) .. text:sub(at + 8193))
    local r = h.run("check")
    expect(r.code ~= 0).is_true()
    expect((r.out .. r.err):find("damaged", 1, true) ~= nil or r.out:find("database:", 1, true) ~= nil).is_true()
    h.remove()
  end)

  it("a log that was cut loses the last transaction at most", function()
    local h = flow.home("UTC")
    h.ok("log", "weight", "80kg", "2025-01-01T10:00:00Z")
    -- somebody who reads keeps the log from being folded into the file
    local out = py(h, [[import subprocess, os, shutil, json
db.execute("select count(*) from chunk").fetchone()
home, binary = os.path.dirname(sys.argv[1]), sys.argv[2]
sizes = []
for i in range(2, 12):
    subprocess.run([binary, "--home", home, "log", "weight", "8%d.5kg" % (i % 10), "2025-01-%02dT10:00:00Z" % i], check=True, stdout=subprocess.DEVNULL)
    sizes.append(os.path.getsize(sys.argv[1] + "-wal"))
os.mkdir(home + "/cut")
for part in ("", "-wal"):
    shutil.copy(sys.argv[1] + part, home + "/cut/whole.db" + part)
print(json.dumps(sizes))]], flow.binary)
    local sizes = sw.json.decode(out)
    local cut, wal = h.dir .. "/cut", flow.read(h.dir .. "/cut/whole.db-wal")
    expect(#wal).equals(sizes[#sizes])
    local tried, cuts = 0, { 1, 24, #wal - 31, #wal }
    for frame = 32, #wal - 1, 4120 do -- at each page's frame, and somewhere in it
      table.move({ #wal - frame, #wal - frame - (frame * 7919) % 4000 - 30 }, 1, 2, #cuts + 1, cuts)
    end
    for _, less in ipairs(cuts) do
      local home = { dir = cut .. "/" .. tried }
      sw.fs.mkdir(home.dir)
      flow.write(home.dir .. "/syncwell.db", flow.read(cut .. "/whole.db"))
      flow.write(home.dir .. "/syncwell.db-wal", wal:sub(1, #wal - less))
      local whole = 1 -- logs whose transactions lie wholly within what is left
      for i, size in ipairs(sizes) do
        whole = size <= #wal - less and i + 1 or whole
      end
      local command = flow.quote(flow.binary) .. " --home " .. flow.quote(home.dir)
      local r = flow.sh(command .. " --json check")
      expect(r.code).equals(0)
      local n = sw.json.decode(r.out).samples
      expect({ less, n >= whole and n <= whole + 1 }).equals { less, true }
      sw.fs.remove_tree(home.dir)
      tried = tried + 1
    end
    sw.sys.out(("note %d cuts of a log of %d bytes and %d transactions\n"):format(tried, #wal, #sizes))
    h.remove()
  end)
end)
