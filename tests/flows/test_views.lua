-- The views for outside tools, read by Python's sqlite3 as a stranger would.
local flow = require("flow")

local json = sw.json

local function rows(h, sql)
  local r = flow.sh(([[/usr/bin/python3 -c "
import json, sqlite3, sys
c = sqlite3.connect('file:%s/syncwell.db?mode=ro', uri=True)
c.row_factory = sqlite3.Row
print(json.dumps([dict(r) for r in c.execute(sys.argv[1])]))" %s]]):format(h.dir, flow.quote(sql)))
  if r.code ~= 0 then
    error(r.err, 2)
  end
  return json.decode(r.out)
end

describe("views for outside tools", function()
  local h = flow.home("America/New_York")
  h.ok("log", "weight", "80kg", "2026-03-01 07:00")
  h.ok("log", "weight", "81kg", "2026-03-01 23:30")
  h.ok("log", "caffeine", "80mg", "2026-03-02 08:00")
  h.ok("--now", "2026-03-02T21:15:00-05:00", "log", "note", "first")

  it("give days as query does", function()
    for _, metric in ipairs { "weight", "caffeine" } do
      local wanted = h.json("query", metric, "--from", "2026-01-01")
      local got = rows(h, ("SELECT * FROM v_daily WHERE metric = '%s' ORDER BY day"):format(metric))
      expect(#got).equals(#wanted)
      for i, r in ipairs(got) do
        expect(r.person).equals("me")
        expect(r.day).equals(wanted[i].day)
        expect(r.total).equals(wanted[i].sum)
        expect(r.newest).equals(wanted[i].last)
        expect(r.mean).equals(wanted[i].mean)
      end
    end
  end)

  it("give each origin's days with its name", function()
    local got = rows(h, "SELECT * FROM v_daily_by_origin WHERE metric = 'weight'")
    expect(#got).equals(1)
    expect(got[1].day).equals("2026-03-01")
    expect(got[1].provider).equals("manual")
    expect(got[1].high).equals(81)
  end)

  it("give records in their own local time, without deleted ones", function()
    local got = rows(h, "SELECT * FROM v_records")
    expect(#got).equals(1)
    expect(got[1].kind).equals("note")
    expect(got[1].day).equals("2026-03-02")
    expect(got[1].start_local).equals("2026-03-02 21:15:00")
    expect(json.decode(got[1].body).attributes.text).equals("first")
    expect(rows(h, "SELECT name, class FROM v_origins")[1].class).equals("manual")
    h.ok("records", "edit", "--where", "kind=note", "--set", "text=second")
    expect(rows(h, "SELECT edit, count(*) AS n FROM v_records GROUP BY edit ORDER BY edit")).equals {
      { edit = 0, n = 1 }, { edit = 1, n = 1 } }
    flow.sh(("/usr/bin/python3 -c \"import sqlite3; c = sqlite3.connect('%s/syncwell.db'); "
      .. "c.execute('UPDATE record SET state = char(100,101,108,101,116,101,100)'); c.commit()\""):format(h.dir))
    expect(#rows(h, "SELECT * FROM v_records")).equals(0)
  end)

  it("come to a home of the version before", function()
    local old = flow.home("UTC")
    old.ok("log", "weight", "80kg", "2026-03-01 07:00")
    local r = flow.sh(([[/usr/bin/python3 -c "
import sqlite3
c = sqlite3.connect('%s/syncwell.db')
for (v,) in c.execute('SELECT name FROM sqlite_master WHERE type = char(118,105,101,119)').fetchall():
    if v != 'daily': c.execute('DROP VIEW ' + v)
for t in ('undo', 'undo_record', 'raw_body', 'raw_item', 'origin_rank', 'origin_hours'): c.execute('DROP TABLE ' + t)
c.execute('ALTER TABLE origin DROP COLUMN merged_into')
c.execute('DROP INDEX chunk_n')
c.execute('UPDATE schema_version SET next = 3'); c.commit()"]]):format(old.dir))
    expect(r.err).equals("")
    old.ok("show")
    expect(#rows(old, "SELECT * FROM v_daily")).equals(1)
    old.remove()
    h.remove()
  end)
end)
