-- Bad input: one clear sentence, the documented exit code, nothing lost.
local damage = require("demo.damage")
local flow = require("flow")
local world = require("world")

-- One sentence for a person: short, one or two lines, no traceback, no "internal".
local function sentence(text)
  local line = text:match("^syncwell: ([^\n]+)")
  return line and #line > 15 and #line < 400 and not text:find("traceback")
    and not text:find("internal error") and line or nil
end

local function good_home()
  local h = flow.home("Europe/Berlin")
  local w = world.new(h.dir, { days = 12 })
  h.import(w.activity(1, "fit"))
  return h, w, h.dump()
end

describe("bad input", function()
  it("a missing file says which, exit 1", function()
    local h, _, before = good_home()
    local r = h.run("import", h.dir .. "/nowhere.fit")
    expect(r.code).equals(1)
    expect(sentence(r.err)).contains("nowhere.fit")
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("a JPEG called .fit is refused by what it is", function()
    local h, _, before = good_home()
    flow.write(h.dir .. "/photo.fit", damage.jpeg())
    local list, r = h.import(h.dir .. "/photo.fit")
    expect(r.code).equals(1)
    expect(list[1].status).equals("refused")
    expect(list[1].reasons[1]).contains("JPEG")
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("half a zip, a zip bomb and a zip with ../ are refused as a whole", function()
    local h, w, before = good_home()
    local n = 0
    for _, f in ipairs(damage.all(w.bytes(1, "fit"))) do
      if f.name:find("zip$") and f.expect == "refuse" then
        n = n + 1
        flow.write(h.dir .. "/" .. f.name, f.bytes)
        local list, r = h.import(h.dir .. "/" .. f.name)
        expect(r.code).equals(1)
        expect(list[1].status).equals("refused")
        expect(#list[1].reasons[1] > 20).is_true()
        sw.sys.out(("note %s: %s\n"):format(f.name, list[1].reasons[1]))
      end
    end
    expect(n >= 3).is_true()
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("a misspelt config key is named with the right one, exit 2", function()
    local h = good_home()
    flow.write(h.dir .. "/config.lua", 'return { log_levl = "info" }\n')
    local r = h.run("status")
    expect(r.code).equals(2)
    expect(r.err).contains("unknown key 'log_levl' (did you mean 'log_level'?)")
    flow.write(h.dir .. "/config.lua", 'return { log_level = "info"\n')
    r = h.run("status")
    expect(r.code).equals(2)
    expect(r.err).contains("config.lua:")
    h.remove()
  end)

  it("an unknown rule key is shown with line, suggestion and caret, and the other rules run", function()
    local h = good_home()
    flow.write(h.dir .. "/rules/automations/typo.lua", [[local sw = require "syncwell"
return sw.rule {
  title = "x",
  on = sw.event "workout.created",
  execut = function() end,
}
]])
    local r = h.run("lint", h.dir .. "/rules/automations/typo.lua")
    expect(r.code).equals(1)
    expect(r.out).contains("rules/automations/typo.lua:5: unknown key 'execut' in rule (did you mean 'run'?)")
    expect(r.out).contains("^")
    r = h.run("status")
    expect(r.code).equals(4)
    expect(r.out).contains("typo.lua:5")
    h.remove()
  end)

  it("unknown commands and options suggest the near one, exit 2", function()
    local h = good_home()
    for _, words in ipairs { { "improt" }, { "query", "stepz" }, { "query", "steps", "--form", "today" },
      { "rules", "bactest" } } do
      local r = h.run(table.unpack(words))
      expect(r.code).equals(2)
      expect(r.err).contains("did you mean")
    end
    h.remove()
  end)

  it("words that a command does not take are refused, and unknown rules and kinds suggest the near one", function()
    local h = flow.home("UTC")
    h.ok("init", "--zone", "UTC")
    for words, says in pairs { ["pause hydrate"] = "pause takes no words, not 'hydrate'", ["notifications all"] = "notifications knows list and again, not 'all'",
      ["rules trace hydrat"] = "did you mean 'hydrate'?", ["records splitt 5"] = "did you mean 'split'?" } do
      local r = flow.sh(h.command() .. " " .. words)
      expect(r.code).equals(2)
      expect(sentence(r.err)).contains(says)
    end
    expect(h.json("status").paused).equals(false)
    h.remove()
  end)

  it("a word too many is refused by every command, what may be several words is not", function()
    local h = flow.home("UTC")
    h.ok("log", "weight", "81.2", "2026-03-01")
    for _, words in ipairs { "check 1e5", "undo --last 7", "status now", "export json all", "providers limits strava", "backup list old",
      "query steps today --from 2026-03-01", "dump all", "records workout 5", "records workout yesterday --from 2026-03-01", "records delete x --where kind=workout", "rules trace hydrate 5" } do
      local r = flow.sh(h.command() .. " " .. words)
      expect({ words, r.code }).equals { words, 2 }
      expect(sentence(r.err) ~= nil).is_true()
    end
    expect(#h.json("query", "weight", "--from", "2026-03-01", "--to", "2026-03-01")).equals(1) -- nothing was taken back
    for _, words in ipairs { "explain weight 3 days ago", "show weight last 7 d", "goals set sleep 7.5 h", "log caffeine 80 mg yesterday 16:00",
      "log sleep 23:00-07:00 3 days ago", "records workout list", "records workout last 9 d", "records list workout", "log note slept badly again" } do
      h.ok(table.unpack(flow.words(words)))
    end
    h.remove()
  end)

  it("figures that nobody has, empty notes and values of plain options are refused and leave nothing", function()
    local h = flow.home("UTC")
    local before = h.dump()
    for _, words in ipairs { { "log", "workout", "running", "45min", "99999999km" }, { "log", "meal", "soup", ("9"):rep(400) .. "kcal" },
      { "log", "measurement", "waist", ("9"):rep(400) }, { "log", "note", " \t" }, { "goals", "set", "height", "81.2" },
      { "users", "erase", "me", "--yes=no" }, { "records", "tag", "--where", "kind=yesterday", "x" },
      { "records", "all", "--id", "zzz" }, { "records", "all", "--from", "2026-02-02", "--to", "2026-02-01" }, { "--now", "2026-02-30", "status" } } do
      local r = h.run(table.unpack(words))
      expect({ words[#words], r.code }).equals { words[#words], 2 }
      expect(sentence(r.err) ~= nil).is_true()
    end
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("a zone that is none makes no person and no home", function()
    local dir = flow.temp() .. "/home"
    local r = flow.sh(("%s --home %s --user bob init --zone Mars/Phobos"):format(flow.quote(flow.binary), flow.quote(dir)))
    expect(r.code).equals(2)
    expect(sentence(r.err)).contains("Mars/Phobos")
    expect(sw.fs.stat(dir)).is_nil()
  end)

  it("an argument of a megabyte is cut in the sentence about it", function()
    local h = flow.home("UTC")
    local long = ("é"):rep(60000)
    for _, words in ipairs { { "show", long }, { "query", long }, { "records", long }, { "query", "steps", "--from", long }, { long } } do
      local r = h.run("--json", table.unpack(words))
      expect(r.code).equals(2)
      expect(#r.err < 2100 and #r.out < 2500).is_true()
      expect(utf8.len(r.err) ~= nil).is_true()
    end
    h.remove()
  end)

  it("a home that cannot be looked into is not said to be missing", function()
    local file = flow.write(flow.temp() .. "/file", "")
    local r = flow.sh(flow.quote(flow.binary) .. " --home " .. flow.quote(file .. "/home") .. " tasks")
    expect(r.code).equals(1)
    expect(sentence(r.err)).contains("Not a directory")
  end)

  it("help of each command ends with what its exit codes mean", function()
    for _, name in ipairs { "remap", "tasks", "notifications", "undo", "serve" } do
      expect(flow.sh(flow.binary .. " " .. name .. " --help").out).contains("\n\nexit codes: 0 done, 1 failed, 2 wrong usage")
    end
  end)

  it("a read-only home says so and loses nothing", function()
    local h, _, before = good_home()
    local r = flow.sh(("cd %s && mkdir m && mount -t tmpfs -o size=40m tmpfs m && cp -r syncwell.db* rules providers m/ "
      .. "&& mount -o remount,ro m"):format(h.dir))
    if r.code ~= 0 then
      skip("needs the right to mount")
    end
    r = flow.sh(("%s --home %s/m log weight 80kg"):format(flow.binary, h.dir))
    local shown = flow.sh(("%s --home %s/m show"):format(flow.binary, h.dir))
    flow.sh(("umount %s/m"):format(h.dir))
    expect(shown.out).equals(h.ok("show").out)
    expect(r.code).equals(1)
    expect(sentence(r.err)).is_true()
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("a full disk stops the import with one sentence; with room it goes on where it stopped", function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { days = 200 })
    local export = w.export()
    local dir = h.dir .. "/m"
    local r = flow.sh(("mkdir -p %s && mount -t tmpfs -o size=1m tmpfs %s"):format(dir, dir))
    if r.code ~= 0 then
      skip("needs the right to mount")
    end
    r = flow.sh(("%s --home %s import %s"):format(flow.binary, dir, export))
    local full = r
    flow.sh(("mount -o remount,size=200m %s"):format(dir))
    r = flow.sh(("%s --home %s --json import %s"):format(flow.binary, dir, export))
    local after = flow.sh(("%s --home %s dump"):format(flow.binary, dir))
    flow.sh(("umount %s"):format(dir))
    expect(full.code).equals(1)
    expect(sentence(full.err)).contains("full")
    expect(r.code).equals(0)
    h.import(export)
    -- the zone of the second home is the machine's, everything else must be equal
    local function comparable(text)
      return (text:gsub('{"table":"person"[^\n]*\n', ""):gsub('{"table":"doc"[^\n]*"kind":"setting"[^\n]*\n',
        ""))
    end
    h.ok("init", "--zone", sw.time.local_zone())
    local calm = flow.home(sw.time.local_zone())
    calm.import(export)
    expect(flow.difference(comparable(calm.dump()), comparable(after.out))).equals("")
    calm.remove()
    h.remove()
  end)

  it("a home on a full disk still shows what it knew, and can be backed up to another disk", function()
    local h = flow.home("UTC")
    local dir = h.dir .. "/m"
    if flow.sh(("mkdir -p %s && mount -t tmpfs -o size=2m tmpfs %s"):format(dir, dir)).code ~= 0 then
      skip("needs the right to mount")
    end
    local function run(words)
      return flow.sh(("%s --home %s %s"):format(flow.binary, dir, words))
    end
    run("log weight 80kg 2026-03-01")
    local shown = run("show weight 2026-02-20..2026-03-02")
    run("log weight 81kg 2026-03-02")
    flow.sh(("head -c 9M /dev/zero > %s/ballast"):format(dir))
    local again, now = run("show weight 2026-02-20..2026-03-02"), run("explain weight 2026-03-02")
    local here, there = run("backup now"), run(("backup now --out %s/b.tar"):format(h.dir))
    flow.sh(("umount %s"):format(dir))
    expect({ shown.code, again.code, now.code, here.code, there.code }).equals { 0, 0, 0, 1, 0 }
    expect(again.out).equals(shown.out)
    expect(again.err).contains("nothing can be written, so days that changed since are shown as they were")
    expect(sentence(here.err)).contains("or name a place on another disk: --out FILE")
    expect(h.run("--home", h.dir .. "/r", "backup", "restore", h.dir .. "/b.tar").code).equals(0)
    expect(h.run("--home", h.dir .. "/r", "show", "weight", "2026-03-02").out).contains("81")
    h.remove()
  end)

  it("a stranger's database that computes its rows or forges a module's table is read by neither", function()
    local h, _, before = good_home()
    local columns = "row_id integer primary key, start_time integer, end_time integer, count integer"
    local slow = "(instr(hex(zeroblob(8000000)), hex(zeroblob(3900000))||'1'))"
    for _, case in ipairs {
      { "computed", "create table evil(a text, b integer not null as " .. slow .. ")", "its table evil computes" },
      { "in_place", ("create table steps_record_table(%s as %s)"):format(columns, slow), "steps_record_table computes" },
      { "module", "create virtual table steps_record_table using fts5(row_id, start_time, end_time, count)", "not the export" },
      { "view", "create view steps_record_table as with recursive r(n) as (select 1 union all select n+1 from r) "
        .. "select n row_id, n start_time, n end_time, n count from r", "not the export" } } do
      local path = h.dir .. "/" .. case[1] .. ".db"
      local made = flow.sh(([[/usr/bin/python3 - %s <<'PY'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("create table application_info_table(row_id integer primary key, package_name text)")
c.execute("""%s""")
PY]]):format(path, case[2]))
      if made.code ~= 0 then
        skip("needs python3 with sqlite3")
      end
      local r = flow.sh("timeout 20 " .. h.command("import", path))
      expect(r.code).equals(1)
      expect(r.out).contains(case[3])
    end
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("a folder whose links lead back, to devices and to files without end is read to its end", function()
    local h = flow.home("UTC")
    local dir = h.dir .. "/stranger"
    flow.sh(("mkdir -p %s/a && ln -s .. %s/a/up && ln -s . %s/self && mkfifo %s/p.fit && ln -s /dev/zero %s/z.fit && ln -s /proc/kmsg %s/k.json"):format(
      dir, dir, dir, dir, dir, dir))
    local r = flow.sh("timeout 20 " .. h.command("import", dir))
    expect(r.code).equals(1)
    expect(r.out).contains("k.json: the file is empty")
    expect(select(2, r.out:gsub("no file but a device or a pipe", ""))).equals(2)
    h.remove()
  end)

  it("a newer database is refused with the sentence that helps", function()
    local h = good_home()
    local r = flow.sh(([[/usr/bin/python3 -c "
import sqlite3
c = sqlite3.connect('%s/syncwell.db'); c.execute('UPDATE schema_version SET next = 99'); c.commit()"]]):format(h.dir))
    if r.code ~= 0 then
      skip("needs python3 with sqlite3")
    end
    r = h.run("status")
    expect(r.code).equals(1)
    expect(r.err).contains("use a newer syncwell")
    h.remove()
  end)
end)
