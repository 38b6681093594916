-- Backups: what was kept comes back byte for byte; a kill at any moment leaves the old state or the new one
-- whole; what is damaged or from a newer program is refused before anything is touched.
local flow = require("flow")
local world = require("world")

local KILLS = tonumber(os.getenv("SW_KILLS")) or 30

local function filled(days)
  local h = flow.home("Europe/Berlin")
  local w = world.new(h.dir, { first = "2025-01-01", days = days or 30, seed = 5 })
  h.ok("import", w.export(), w.activity(1, "fit"))
  flow.write(h.dir .. "/rules/automations/mine.lua", "return require(\"syncwell\").rule { title = \"mine\", "
    .. "on = require(\"syncwell\").cron \"0 3 * * *\", run = function() end }\n")
  flow.write(h.dir .. "/config.lua", "return { log_level = \"warn\" }\n")
  return h
end

local function backup(h, ...)
  local r = h.json("backup", "now", ...)
  return r.file, r
end

-- A folder for a home that is not there yet.
local function elsewhere()
  local h = { dir = flow.temp() .. "/home" }
  function h.command(...)
    local parts = { flow.quote(flow.binary), "--home", flow.quote(h.dir) }
    for _, word in ipairs { ... } do
      parts[#parts + 1] = flow.quote(word)
    end
    return table.concat(parts, " ")
  end
  function h.run(...)
    return flow.sh(h.command(...))
  end
  function h.dump()
    return h.run("dump", "--canonical").out
  end
  return h
end

describe("backup", function()
  it("restores data, rules and settings into an empty home, without the key", function()
    local h = filled()
    h.ok("secrets", "list")
    flow.sh("printf hush | " .. h.command("secrets", "set", "token"))
    local file, r = backup(h)
    expect(r.with_key).equals(false)
    local list = flow.sh("tar tf " .. flow.quote(file)).out
    expect(list:find("manifest.json", 1, true) ~= nil).is_true()
    expect(list:find("syncwell.key", 1, true)).equals(nil)
    local n = elsewhere()
    expect(n.run("backup", "restore", file).code).equals(0)
    expect(flow.difference(h.dump(), n.dump())).equals("")
    expect(flow.read(n.dir .. "/config.lua")).equals(flow.read(h.dir .. "/config.lua"))
    expect(flow.read(n.dir .. "/rules/automations/mine.lua") ~= nil).is_true()
    expect(n.run("check").code).equals(0)
    h.remove()
  end)

  it("keeps the key sealed with a passphrase when asked, and says when another key is there", function()
    local h = filled(3)
    flow.sh("printf hush | " .. h.command("secrets", "set", "token"))
    local key = flow.read(h.dir .. "/syncwell.key")
    local r = flow.sh("echo 'correct horse battery' | " .. h.command("--json", "backup", "now", "--with-key"))
    local file = sw.json.decode(r.out:match("{.*}")).file
    expect(flow.read(file):find(key:sub(1, 64), 1, true)).equals(nil)
    local n = elsewhere()
    expect(flow.sh("echo 'wrong horse' | " .. n.command("backup", "restore", file, "--with-key")).code).equals(3)
    expect(sw.fs.stat(n.dir .. "/syncwell.db")).equals(nil)
    r = flow.sh("echo 'correct horse battery' | " .. n.command("backup", "restore", file, "--with-key"))
    expect(r.code).equals(0)
    expect(flow.read(n.dir .. "/syncwell.key")).equals(key)
    local m = elsewhere()
    r = m.run("backup", "restore", file)
    expect(r.out:find("key", 1, true) ~= nil).is_true()
    expect(flow.sh("printf short | " .. h.command("backup", "now", "--with-key")).code).equals(2)
    h.remove()
  end)

  it("refuses a home that has data, and with --force keeps what was there", function()
    local h = filled(5)
    local file = backup(h)
    local then_ = h.dump()
    h.ok("log", "weight", "81.2kg", "2025-02-02")
    local now = h.dump()
    local r = h.run("backup", "restore", file)
    expect(r.code).equals(2)
    expect(r.err:find("--force", 1, true) ~= nil).is_true()
    expect(h.dump() == now).is_true()
    for _, word in ipairs { file:match("[^/]+$"), "backups/" .. file:match("[^/]+$") } do
      expect(h.run("backup", "restore", word).err).contains("--force") -- found in the home, where `backup now` put it
    end
    local out = h.json("backup", "restore", file, "--force")
    expect(flow.difference(then_, h.dump())).equals("")
    local old = flow.sh(flow.quote(flow.binary) .. " --home " .. flow.quote(out.kept) .. " dump --canonical")
    expect(flow.difference(now, old.out)).equals("")
    h.remove()
  end)

  it("that brings somebody back who was erased since says who", function()
    local h = filled(5)
    h.ok("--user", "anna", "log", "note", "of anna")
    local file = backup(h)
    expect(h.json("backup", "restore", file, "--force").returned).equals {}
    h.ok("users", "erase", "anna", "--yes")
    expect(h.run("backup", "restore", file, "--force").out:match("\nanna is here again[^\n]*users erase anna")
      ~= nil).is_true()
    h.ok("users", "erase", "anna", "--yes")
    expect(h.json("backup", "restore", file, "--force").returned).equals { "anna" }
    h.remove()
  end)

  it("refuses a damaged, a foreign and a newer backup, and leaves the home alone", function()
    local h = filled(10)
    local file = backup(h)
    local before, text = h.dump(), flow.read(file)
    local bad = h.dir .. "/bad.tar"
    math.randomseed(7)
    for _ = 1, 25 do
      local at = math.random(1, #text - 1024)
      -- what pads a file to whole blocks is nobody's content: a change there is no damage
      if text:byte(at) ~= 0 then
        flow.write(bad, text:sub(1, at - 1) .. string.char(text:byte(at) ~ 4) .. text:sub(at + 1))
        local r = h.run("backup", "restore", "--force", bad)
        if r.code == 0 then
          error("a changed byte at " .. at .. " was restored")
        end
      end
    end
    for _, cut in ipairs { 0, 100, 700, 5000, #text // 2, #text - 2000 } do
      flow.write(bad, text:sub(1, cut))
      expect(h.run("backup", "restore", "--force", bad).code ~= 0).is_true()
    end
    flow.write(bad, "hello")
    expect(h.run("backup", "restore", "--force", bad).err:find("no backup", 1, true) ~= nil).is_true()
    expect(flow.difference(before, h.dump())).equals("")
    expect(sw.fs.stat(h.dir .. "/.restore")).equals(nil)
    h.remove()
  end)

  it("of a stranger brings what its list names and a home may hold, and no program in its database", function()
    local h = filled(10)
    local file, dir = backup(h), h.dir .. "/forged"
    local function forged(script)
      local made = flow.sh(([[/usr/bin/python3 - %s %s <<'PY'
import sys, tarfile, io, json, sqlite3, subprocess, hashlib
t = tarfile.open(sys.argv[1])
items = [(m.name, t.extractfile(m).read()) for m in t.getmembers()]
man = json.loads(items[0][1])
%s
items[0] = (items[0][0], json.dumps(man).encode())
t = tarfile.open(sys.argv[2], "w", format=tarfile.USTAR_FORMAT)
for name, body in items:
    i = tarfile.TarInfo(name); i.size = len(body); t.addfile(i, io.BytesIO(body))
t.close()
PY]]):format(flow.quote(file), dir .. ".tar", script))
      expect(made.err).equals("")
      local n = elsewhere()
      return n.run("backup", "restore", dir .. ".tar"), n
    end
    local function listed(name)
      return ("items.append((%q, b'x')); man['files'].append({'name': %q, 'size': 1, 'hash': HASH})"):format(name, name)
    end
    for script, says in pairs { ["items.append(('rules/automations/evil.lua', b'x'))"] = "which its list does not name",
      ["items.append(('syncwell.key', b'00'))"] = "which its list does not name", ["items.append(('syncwell.db-wal', b'00'))"] = "does not name",
      ["items.append(('.restore/ready', b'{}'))"] = "does not name", [listed "syncwell.key"] = "which no backup of a home has",
      [listed ".restore/ready"] = "which no backup of a home has", [listed "syncwell.db-wal"] = "which no backup of a home has",
      ["items.append(('../evil', b'x'))"] = "leads out of its folder", ["del man['files']"] = "what it says of itself is damaged",
      ["man['files'] = 5"] = "what it says of itself is damaged", ["man['files'] = [5]"] = "what it says of itself is damaged",
      ["man['at'] = {}"] = "what it says of itself is damaged", ["man['at'] = chr(27) + '[31m'"] = "what it says of itself is damaged",
      ["man['people'] = [{'name': 5}]"] = "what it says of itself is damaged", ["man['key'] = {}"] = "what it says of itself is damaged",
      ["man = [1]"] = "no backup of syncwell" } do
      local r, n = forged((script:gsub("HASH", "'" .. sw.sys.hash("x") .. "'")))
      expect(r.err).contains(says)
      expect(r.code).equals(1)
      expect(r.err:find("traceback", 1, true)).is_nil()
      expect(sw.fs.stat(n.dir .. "/syncwell.db")).is_nil()
      expect(sw.fs.stat(n.dir .. "/.restore")).is_nil()
      flow.sh("mkdir -p " .. h.dir .. "/backups && cp " .. dir .. ".tar " .. h.dir .. "/backups/")
      expect(h.run("backup", "list").code).equals(0)
    end
    local r, n = forged([[
db = dict(items)["syncwell.db"]
open(sys.argv[2] + ".db", "wb").write(db)
c = sqlite3.connect(sys.argv[2] + ".db")
c.executescript("create trigger evil after insert on doc begin delete from record; end;")
c.commit(); c.close()
body = open(sys.argv[2] + ".db", "rb").read()
items = [(n, body if n == "syncwell.db" else b) for n, b in items]
for f in man["files"]:
    if f["name"] == "syncwell.db": f["hash"] = hashlib.blake2b(body, digest_size=32).hexdigest() if hashlib.blake2b(db, digest_size=32).hexdigest() == f["hash"] else hashlib.sha256(body).hexdigest()]])
    expect(r.code).equals(0)
    expect(r.out).contains("its rules, providers and config.lua came with it")
    local before = n.dump()
    expect(n.run("goals", "set", "steps", "10000/day").code).equals(0)
    expect(flow.difference(before:gsub('[^\n]*"goal"[^\n]*\n', ""), (n.dump():gsub('[^\n]*"goal"[^\n]*\n', "")))).equals("")
    h.remove()
  end)

  it("refuses to restore under a program that runs on the home", function()
    local h = filled(3)
    local file = backup(h)
    local r = flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep 1; %s; code=$?; kill $pid; wait $pid; exit $code"):format(
      h.command("run"), h.command("backup", "restore", file, "--force")):gsub("exit %$code", "( exit $code )"))
    expect(r.code).equals(1)
    expect(r.err:find("stop it first", 1, true) ~= nil).is_true()
    h.remove()
  end)

  it("is one snapshot although others write all the time", function()
    local h = filled(5)
    local stop = h.dir .. "/stop"
    flow.sh(("( n=0; while [ ! -e %s ] && [ $n -lt 400 ]; do n=$((n+1)); %s >/dev/null 2>&1; done ) >/dev/null 2>&1 &"):format(
      stop, h.command("log", "weight", "80kg", "2025-03-01T10:00:00Z"):gsub("80kg", "$((60 + n %% 40)).5kg")
      :gsub("'(%$%(%(.-kg)'", "%1")))
    local files = {}
    for i = 1, 4 do
      files[i] = backup(h, "--out", ("%s/w%d.tar"):format(h.dir, i))
    end
    flow.write(stop, "")
    for _, file in ipairs(files) do
      local n = elsewhere()
      expect(n.run("backup", "restore", file).code).equals(0)
      expect(n.run("check").code).equals(0)
    end
    h.remove()
  end)

  it("made by the schedule comes when it is due, and the newest stay", function()
    local h = filled(3)
    h.ok("--now", "2026-01-01T00:00:00Z", "backup", "schedule", "1d", "--keep", "3")
    for day = 1, 6 do
      h.ok("--now", ("2026-01-%02dT12:00:00Z"):format(day), "run", "--once")
    end
    local list = h.json("backup", "list")
    expect(#list).equals(3)
    expect(list[1].auto).equals(true)
    expect(list[1].at > list[2].at and list[2].at > list[3].at).is_true()
    expect(list[1].at:sub(1, 10)).equals("2026-01-06")
    -- off for a long time: one backup, not one for each day
    h.ok("run", "--once")
    local later = h.json("backup", "list")
    expect(later[2].at).equals(list[1].at)
    h.ok("--now", "2026-01-13T13:00:00Z", "backup", "schedule", "off")
    h.ok("--now", "2026-01-20T12:00:00Z", "run", "--once")
    expect(#h.json("backup", "list")).equals(3)
    expect(h.run("backup", "schedule", "yesterday").code).equals(2)
    expect(h.ok("backup", "schedule").out).contains("none are made by themselves")
    h.ok("backup", "schedule", "weekly")
    expect(h.ok("backup", "schedule").out).contains("a backup every 1w")
    expect(h.run("backup", "restore").err).contains("which one?")
    h.remove()
  end)
end)

describe("the schedule of backups", function()
  it("goes on in an engine that is not started again", function()
    local h = filled(3)
    h.ok("--now", "2026-01-01T00:00:00Z", "backup", "schedule", "1d", "--keep", "3")
    h.ok("--now", "2026-01-07T12:00:00Z", "run", "--once")
    local days = {}
    for i, b in ipairs(h.json("backup", "list")) do
      days[i] = b.at:sub(1, 10)
    end
    expect(days).equals { "2026-01-07", "2026-01-06", "2026-01-05" }
    h.remove()
  end)

  it("takes what was made by a clock that ran ahead for the oldest", function()
    local ahead, h = filled(3), filled(3)
    ahead.ok("--now", "2030-06-01T00:00:00Z", "backup", "schedule", "1d", "--keep", "2")
    ahead.ok("--now", "2030-06-02T12:00:00Z", "run", "--once")
    h.ok("--now", "2026-01-01T00:00:00Z", "backup", "schedule", "1d", "--keep", "2")
    assert(flow.sh(("cp -r %s/backups %s/"):format(ahead.dir, h.dir)).code == 0)
    h.ok("--now", "2026-01-02T12:00:00Z", "run", "--once")
    local days = {}
    for i, b in ipairs(h.json("backup", "list")) do
      days[i] = b.at:sub(1, 10)
    end
    expect(days).equals { "2026-01-02", "2026-01-01" }
    ahead.remove()
    h.remove()
  end)

  it("tries again within the hour after one that failed, and goes on", function()
    local h = filled(3)
    h.ok("--now", "2026-01-01T00:00:00Z", "backup", "schedule", "1d")
    flow.write(h.dir .. "/backups", "a file where the folder belongs")
    h.run("--now", "2026-01-01T00:30:00Z", "run", "--once")
    sw.fs.remove(h.dir .. "/backups")
    h.ok("--now", "2026-01-02T06:00:00Z", "run", "--once")
    expect(#h.json("backup", "list")).equals(2)
    h.remove()
  end)
end)

describe("kill -9", function()
  local function killed(command, ms)
    local r = flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep %.3f; kill -9 $pid 2>/dev/null && echo killed; wait $pid 2>/dev/null; true"):format(
      command, ms / 1000))
    return r.out:find("killed") ~= nil
  end

  it(("at %d moments of backing up and restoring leaves the old state or the new one, whole"):format(KILLS),
    function()
    local h = filled(20)
    local file = backup(h, "--out", h.dir .. "/kept.tar")
    local old = h.dump()
    h.ok("log", "weight", "81.2kg", "2025-02-02")
    local new = h.dump()
    local began = sw.time.mono()
    backup(h)
    local length = sw.time.mono() - began
    math.randomseed(11)
    local hits, was_old, was_new = 0, 0, 0
    local function aim(...) -- one that ended before it was killed is the longest there is from then on
      local ms = math.random(5, length // 1 + 10)
      if killed(h.command(...), ms) then
        hits = hits + 1
      else
        length = math.max(20, math.min(length, ms))
      end
    end
    for _ = 1, KILLS // 2 do
      aim("backup", "now")
      for _, e in ipairs(h.json("backup", "list")) do
        expect(e.problem).equals(nil)
        expect(flow.sh("tar tf " .. flow.quote(e.file)).code).equals(0)
      end
    end
    expect(flow.difference(new, h.dump())).equals("")
    for _ = 1, KILLS do
      aim("backup", "restore", file, "--force")
      local now = h.dump()
      if now == old then
        was_old = was_old + 1
        h.ok("log", "weight", "81.2kg", "2025-02-02")
        expect(flow.difference(new, h.dump())).equals("")
      else
        expect(flow.difference(new, now)).equals("")
        was_new = was_new + 1
      end
    end
    sw.sys.out(("note killed %d times; after a killed restore the home was restored %d times, as before %d times\n"):format(
      hits, was_old, was_new))
    expect(hits > KILLS // 2).is_true()
    expect(h.run("check").code).equals(0)
    h.remove()
  end)

  it("leaves nothing of a backup behind that the next one does not take away", function()
    local h, left = filled(20), 0
    for ms = 5, 80, 5 do
      if killed(h.command("backup", "now"), ms) then
        left = left + 1
      end
    end
    expect(left > 0).is_true()
    sw.fs.mkdir(h.dir .. "/backups/syncwell-20250101T000000Z.tar.parts")
    flow.write(h.dir .. "/backups/syncwell-20250101T000000Z.tar.parts/syncwell.db", "half")
    flow.write(h.dir .. "/backups/syncwell-20250101T000000Z.tar.part", "half")
    backup(h)
    for _, name in ipairs(sw.fs.list(h.dir .. "/backups")) do
      expect(name:match("%.tar$") or name).equals(".tar")
    end
    h.remove()
  end)

  it("are no trouble for a process that ends before a copy it did not wait for", function()
    local h, asan = filled(5), (os.getenv("SW_ASAN") or "") .. "/syncwell"
    flow.write(h.dir .. "/loose.lua", [[local db = os.getenv("DB")
describe("a copy", function()
  it("is begun", function()
    for i = 1, 8 do sw.care.copy(db, db .. i) end
  end)
end)
]])
    local r = flow.sh(("env DB=%s/syncwell.db ASAN_OPTIONS=detect_leaks=0 %s --lua-test %s/loose.lua"):format(h.dir,
      sw.fs.stat(asan) and asan or flow.binary, h.dir))
    expect(r.err).equals("")
    expect(r.code).equals(0)
    h.remove()
  end)
end)
