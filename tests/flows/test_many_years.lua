-- SPDX-License-Identifier: MIT
-- What must not grow with the years: what one command or one batch of runs holds at a time, and how much it reads
-- of what it was not asked for.
local flow = require("flow")
local homes = require("home")
local json = sw.json
local record = require("record")
local record_pages = require("record_pages")
local replay = require("replay")
local rules = require("rules")

local MIN, DAY = 60000, 86400000
local FIRST = 1735689600000 -- 2025-01-01T00:00:00Z
local ORIGIN = { provider = "watch", name = "watch", maker = "", model = "", kind = "watch", ident = "watch" }
local WORDS = ("up the hill and down again "):rep(80)

local function fresh()
  local ctx = assert(homes.open({ home = sw.fs.temp_dir(), zone = "UTC" }, true))
  ctx.config = {}
  local t = homes.txn(ctx)
  t:connection("watch", "main")
  t:origin(ORIGIN)
  local done = assert(t:commit())
  return ctx, done[1], done[2]
end

local function gone(ctx)
  sw.time.set()
  sw.fs.remove_tree(ctx.home)
end

-- A workout a day, with so many words that half a year of them is no small answer.
local function trained(ctx, connection, days)
  local t = homes.txn(ctx)
  for day = 0, days - 1 do
    local from = FIRST + day * DAY + 17 * 60 * MIN
    t:record(record.row(ctx, { kind = "workout", external_id = "w" .. day, start = from, finish = from + 60 * MIN,
      attributes = { sport = "running", elapsed_s = 3600, distance_m = 8000 + day, text = WORDS },
      segments = { { start = from, finish = from + 60 * MIN, distance_m = 8000 } } }, ORIGIN, connection, "watch"))
  end
  assert(t:commit())
  sw.time.set(FIRST + days * DAY)
end

-- What f(...) gives, and before it how often it asked for records and how many it was given.
local function asking(f, ...)
  local ask, n, given = sw.store.records, 0, 0
  rawset(sw.store, "records", function(...)
    local rows, message, code = ask(...)
    n, given = n + 1, given + #(rows or {})
    return rows, message, code
  end)
  local results = table.pack(pcall(f, ...))
  rawset(sw.store, "records", ask)
  assert(results[1], results[2])
  return n, given, table.unpack(results, 2, results.n)
end

local function installed(ctx, name)
  local t = homes.txn(ctx)
  t:doc("rule", name, json.encode { installed = true, enabled = true })
  assert(t:commit())
  return assert(rules.find(ctx, name))
end

local function played(ctx, name, days)
  local rule = installed(ctx, name)
  local events = assert(replay.history(ctx, rule, FIRST // DAY, FIRST // DAY + days))
  local n, _, firings, errors = asking(replay.run, ctx, rule, events)
  expect(errors).equals {}
  return n, firings, #events
end

describe("a batch of runs", function()
  it("reads what all of them ask for once, and no more of them hold it than a worker can", function()
    local ctx, connection = fresh()
    trained(ctx, connection, 300)
    local n, firings, events = played(ctx, "longest_yet", 300)
    expect(events).equals(300)
    expect(#firings).equals(300)
    expect(n < 10).is_true()
    gone(ctx)
  end)

  it("counts at each instant what was over then", function()
    local ctx, connection = fresh()
    trained(ctx, connection, 60)
    local n, firings = played(ctx, "round_number", 60)
    local said = {}
    for _, f in ipairs(firings) do
      local a = f.actions[1]
      said[#said + 1] = a and f.at:sub(1, 10) .. " " .. math.tointeger(a.args.values.number) or nil
    end
    expect(table.concat(said, ", ")).equals("2025-01-10 10, 2025-02-19 50")
    expect(n < 10).is_true()
    local tenth = FIRST + 9 * DAY + 18 * 60 * MIN -- its end
    for at, wanted in pairs { [tenth - 1] = 9, [tenth] = 10, [tenth + DAY - 1] = 10, [tenth + 49 * DAY] = 59 } do
      local alone, given, count = asking(require("rule_reads").read, ctx, nil, "count", { kind = "workout" }, at)
      expect({ count, alone, given }).equals { wanted, alone, alone } -- no more rows than groups that were open
      expect(alone <= 1).is_true()
    end
    gone(ctx)
  end)
end)

describe("a list that goes out in pages", function()
  it("is read from the store once, and comes whole and in order", function()
    local ctx, connection = fresh()
    trained(ctx, connection, 300)
    local n, _, days = asking(function()
      local got, page = {}, nil
      repeat
        page = assert(require("rule_reads").read(ctx, nil, "records", { kind = "workout", from = 0, limit = 5000,
          after = page and #got or nil }, sw.time.now()))
        for _, r in ipairs(page.rows) do
          got[#got + 1] = r.attributes.distance_m - 8000
        end
      until not page.more
      return got
    end)
    expect(n).equals(1)
    expect(#days).equals(300)
    for i, day in ipairs(days) do
      expect(day).equals(i - 1)
    end
    gone(ctx)
  end)
end)

describe("records in pages", function()
  it("come each once and in order, however many start at one instant", function()
    local ctx, connection = fresh()
    local t = homes.txn(ctx)
    for i = 1, 1300 do
      local at = FIRST + (i < 1100 and 0 or i) * MIN
      t:record(record.row(ctx, { kind = i % 2 == 0 and "meal" or "note", external_id = "m" .. i, start = at,
        finish = at, attributes = { text = "t" .. i } }, ORIGIN, connection, "watch"))
    end
    assert(t:commit())
    local pages, got = record_pages.of(ctx, {}), {}
    for r in pages.next do
      got[#got + 1] = r.id
    end
    expect(pages.failed).equals(nil)
    local wanted = {}
    for i, r in ipairs(assert(sw.store.records(ctx.who, {}))) do
      wanted[i] = r.id
    end
    expect(#got).equals(1300)
    expect(table.concat(got, " ") == table.concat(wanted, " ")).is_true()
    gone(ctx)
  end)
end)

-- What a report writes to standard output, after what `asking` says of it.
local function told(report, ctx, words)
  local out, text = sw.sys.out, {}
  rawset(sw.sys, "out", function(line) text[#text + 1] = line end)
  local results = table.pack(pcall(asking, report, ctx, words, {}))
  rawset(sw.sys, "out", out)
  assert(results[1], results[2])
  expect(results[4]).equals(0)
  return table.concat(text), results[3]
end

describe("rules why", function()
  it("looks back as far as it has to for the newest events, and no further", function()
    local ctx, connection = fresh()
    trained(ctx, connection, 300)
    installed(ctx, "hydrate")
    local text, given = told(require("rule_reports").why, ctx, { "why", "hydrate" })
    expect(select(2, text:gsub("2025%-10%-2[2-7]T18:00", ""))).equals(5)
    expect(given < 60).is_true()
    gone(ctx)
  end)

  it("finds events that lie years back", function()
    local ctx, connection = fresh()
    trained(ctx, connection, 3)
    sw.time.set(FIRST + 1000 * DAY)
    installed(ctx, "hydrate")
    local text = told(require("rule_reports").why, ctx, { "why", "hydrate" })
    expect(select(2, text:gsub("2025%-01%-0[123]T18:00", ""))).equals(3)
    gone(ctx)
  end)
end)

describe("query", function()
  it("gives hours of any span, and raw values as one list", function()
    local ctx, _, origin = fresh()
    local t, rows = homes.txn(ctx), {}
    for day = 0, 139 do
      rows[#rows + 1] = { FIRST + day * DAY, 0, 60 + day % 20, 0 }
    end
    t:samples("heart_rate", origin, rows)
    assert(t:commit())
    assert(homes.settle(ctx))
    for every, n in pairs { hour = 140, raw = 140 } do
      local r = flow.sh(("%s --home %s --json query heart_rate --every %s --from 2025-01-01 --to 2025-06-30"):format(
        flow.quote(flow.binary), ctx.home, every))
      expect(r.err).equals("")
      expect(#json.decode(r.out)).equals(n)
    end
    local none = flow.sh(("%s --home %s --json query heart_rate --every raw --from 2024-01-01 --to 2024-01-31"):format(
      flow.quote(flow.binary), ctx.home))
    expect(none.out).equals("[]\n")
    gone(ctx)
  end)
end)

describe("how many samples there are", function()
  it("is counted beside the samples, not in their rows", function()
    local source = flow.read(flow.root .. "/core/script/lua_store.c")
    local sql = assert(source:match('"(SELECT CAST%(coalesce%(sum%(chunk%.n%).-)"}')):gsub('"%s*"', "")
    local ctx = fresh()
    local r = flow.sh(([[python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("EXPLAIN QUERY PLAN " + sys.argv[2].replace("$1", "1")).fetchall())' %s/syncwell.db %s]]):format(
      ctx.home, flow.quote(sql)))
    expect(r.out).contains("chunk USING COVERING INDEX chunk_n (id>? AND id<?)")
    gone(ctx)
  end)
end)
