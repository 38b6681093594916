-- SPDX-License-Identifier: MIT
-- What services gave is kept as it came, for a while and within bounds; no secret is in it; it goes with its
-- connection and is forgotten by the prune job.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local HOUR, DAY = 3600000, 86400000
local KEY = "canary-raw-55aa0b"

local function days_ago(n)
  return (os.time() // 86400 - n) * DAY + 9 * HOUR
end

local function activity(id, start_ms)
  return { id = id, name = "Ride " .. id, type = "Ride", start_date = live.iso(start_ms),
    start_date_local = live.iso(start_ms):gsub("Z$", ""), elapsed_time = 3600, moving_time = 3600, distance = 20000.5,
    calories = 500, average_heartrate = 140.0, echo = "the key is " .. KEY }
end

local function connected(config)
  local server = replay.start()
  server.control { set = { intervals = { key = KEY, activities = { activity("i1", days_ago(3)), activity("i2", days_ago(1)) },
    wellness = { { id = live.day(days_ago(2)), steps = 9000, restingHR = 52 } } } } }
  local h = flow.home("UTC")
  if config then
    flow.write(h.dir .. "/config.lua", config)
  end
  local r = flow.sh(("printf '%%s\\n' %s | %s"):format(KEY, h.command("connect", "intervals-icu", "--base-url", server.url)))
  assert(r.code == 0, r.err .. r.out)
  return h, server
end

-- Rows of the archive, read by Python as a stranger would; `change` runs first.
local function rows(h, sql)
  local r = flow.sh(([[/usr/bin/python3 -c "
import json, sqlite3, sys
c = sqlite3.connect('%s/syncwell.db')
c.row_factory = sqlite3.Row
print(json.dumps([dict(r) for r in c.execute(sys.argv[1])])); c.commit()" %s]]):format(h.dir, flow.quote(sql)))
  return assert(sw.json.decode(r.out), r.err)
end

describe("what services gave", function()
  it("is kept with what was asked, once however often it comes, and status counts it", function()
    local h, server = connected()
    local first = rows(h, "SELECT resource, op, mapping, times, parts, first_day, last_day FROM raw_item ORDER BY resource, first_day")
    expect(#first >= 2).is_true()
    local ops = {}
    for _, r in ipairs(first) do
      ops[r.resource .. "/" .. r.op] = sw.json.decode(r.parts)
      expect(#r.mapping).equals(32)
    end
    expect(ops["activities/page"][1].status).equals(200)
    expect(ops["activities/page"][1].asked).contains("oldest")
    expect(#ops["wellness/page"]).equals(1)
    h.ok("sync")
    local second = rows(h, "SELECT count(*) AS n, sum(times) AS times FROM raw_item")[1]
    h.ok("sync")
    local third = rows(h, "SELECT count(*) AS n, sum(times) AS times FROM raw_item")[1]
    expect(third.times > second.times).is_true()
    expect(third.n).equals(second.n) -- the same answers to the same questions
    local s = h.json("status")
    expect(s.raw.items).equals(third.n)
    expect(s.raw.stored < s.raw.bytes).is_true()
    expect(h.ok("status").out).contains("answers of services")
    expect(h.run("check").code).equals(0)
    server.stop()
    h.remove()
  end)

  it("holds no secret, even where a service repeats it, and stays out of the canonical dump", function()
    local h, server = connected()
    expect(#server.requests("/api/v1") > 0).is_true()
    local all = h.ok("dump", "--all").out
    expect(all).contains('"table":"raw_item"')
    expect(h.dump():find("raw_item", 1, true)).is_nil()
    expect(all:find(KEY, 1, true)).is_nil()
    local r = flow.sh(([[/usr/bin/python3 -c "
import ctypes, sqlite3
z = ctypes.CDLL('libzstd.so.1'); z.ZSTD_decompress.restype = ctypes.c_size_t
for n, data in sqlite3.connect('%s/syncwell.db').execute('SELECT bytes, data FROM raw_body'):
    b = ctypes.create_string_buffer(n); k = z.ZSTD_decompress(b, ctypes.c_size_t(n), data, ctypes.c_size_t(len(data)))
    assert k == n, (k, n)
    print(b.raw.decode())"]]):format(h.dir))
    expect(r.err).equals("")
    expect(r.out).contains('"the key is ')
    expect(r.out:find(KEY, 1, true)).is_nil()
    server.stop()
    h.remove()
  end)

  it("is not kept where the config says so, and what was kept before is forgotten", function()
    local h, server = connected("return { retention = { raw_days = 0 } }")
    expect(h.json("status").raw.items).equals(0)
    flow.write(h.dir .. "/config.lua", "return { retention = { raw_days = 30 } }")
    h.ok("sync")
    expect(h.json("status").raw.items > 0).is_true()
    flow.write(h.dir .. "/config.lua", "return { retention = { raw_days = 0 } }")
    h.ok("run", "--once")
    expect(h.json("status").raw.items).equals(0)
    expect(rows(h, "SELECT (SELECT count(*) FROM raw_body) + (SELECT count(*) FROM doc WHERE kind = '.mapping') AS n")[1].n).equals(0)
    server.stop()
    h.remove()
  end)

  it("is forgotten after 30 days by the prune job, and not before", function()
    local h, server = connected()
    local all = rows(h, "SELECT count(*) AS n FROM raw_item")[1].n
    rows(h, ("UPDATE raw_item SET last_ms = last_ms - %d WHERE resource = 'wellness' RETURNING id"):format(31 * DAY))
    rows(h, ("UPDATE raw_item SET last_ms = last_ms - %d WHERE resource <> 'wellness' RETURNING id"):format(29 * DAY))
    h.ok("connections", "pause", "intervals-icu")
    h.ok("run", "--once")
    local left = rows(h, "SELECT DISTINCT resource FROM raw_item")
    expect(all > 1).is_true()
    expect(#left).equals(1)
    expect(left[1].resource).equals("activities")
    server.stop()
    h.remove()
  end)

  it("goes with its connection, and data that stays is shown by v_records", function()
    local h, server = connected()
    expect(#rows(h, "SELECT id FROM v_records")).equals(2)
    h.ok("connections", "remove", "intervals-icu")
    expect(rows(h, "SELECT (SELECT count(*) FROM raw_body) + (SELECT count(*) FROM raw_item) AS n")[1].n).equals(0)
    expect(rows(h, "SELECT provider FROM v_records")[1].provider).equals("intervals-icu")
    expect(#rows(h, "SELECT id FROM v_records")).equals(2)
    expect(h.run("check").code).equals(0)
    server.stop()
    h.remove()
  end)
end)
