-- SPDX-License-Identifier: MIT
-- Random histories of several sources end in one truth: whatever came first, twice or late, two homes that were
-- told the same have the same canonical dump, ids included. A history that fails is cut down to what is needed.
--   SW_HISTORIES=200 SW_SEED=7 build/syncwell --lua-test tests/flows/test_converge.lua    (more of them, from a seed on)
local flow = require("flow")
local live = require("live")
local random = require("demo.random")
local replay = require("replay_server")

local json = sw.json
local MINUTE, HOUR, DAY = 60000, live.HOUR, live.DAY
local HISTORIES = tonumber(os.getenv("SW_HISTORIES") or "") or 5
local SEED = tonumber(os.getenv("SW_SEED") or "") or 1
local SLOTS, SLOT = 9, 5 * HOUR

local server = replay.start()
local today = os.time() // 86400 * DAY
local first = today - 2 * DAY -- services are read again that far back

-- --- what happened, and what each source says of it ---

local function clock(ms)
  return os.date("!%Y-%m-%d %H:%M:%S +0000", ms // 1000)
end

local function ride(r, id, at, minutes)
  return { id = id, name = "Ride " .. r.int(1, 3), sport_type = "Ride", start_date = live.iso(at), utc_offset = 0, elapsed_time = minutes * 60,
    moving_time = minutes * 60, distance = 1000.5 * r.int(3, 30) }
end

local function activity(r, id, at, minutes)
  return { id = id, type = "Ride", name = "Tour " .. r.int(1, 3), start_date = live.iso(at), start_date_local = live.iso(at):sub(1, 19),
    elapsed_time = minutes * 60, moving_time = minutes * 60, distance = 1000 * r.int(3, 30) }
end

local function tcx(at, minutes, device)
  local points = {}
  for i = 0, minutes do
    points[#points + 1] = ("<Trackpoint><Time>%s</Time><DistanceMeters>%d</DistanceMeters><HeartRateBpm><Value>%d</Value></HeartRateBpm></Trackpoint>")
      :format(live.iso(at + i * MINUTE), i * 300, 110 + i % 40)
  end
  return ('<?xml version="1.0"?><TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>'
    .. '<Activity Sport="Biking"><Id>%s</Id><Lap StartTime="%s"><TotalTimeSeconds>%d</TotalTimeSeconds><DistanceMeters>%d</DistanceMeters>'
    .. '<Calories>300</Calories><Track>%s</Track></Lap><Creator xsi:type="Device_t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    .. "<Name>%s</Name><UnitId>%d</UnitId><ProductID>1</ProductID></Creator></Activity></Activities></TrainingCenterDatabase>"):format(
    live.iso(at), live.iso(at), minutes * 60, minutes * 300, table.concat(points), device, #device)
end

local function gpx(at, minutes)
  local points = {}
  for i = 0, minutes do
    points[#points + 1] = ('<trkpt lat="%.5f" lon="8.5"><ele>200</ele><time>%s</time></trkpt>'):format(50 + i / 300, live.iso(at + i * MINUTE))
  end
  return '<?xml version="1.0"?><gpx version="1.1" creator="Bike App" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>Out</name><type>cycling</type><trkseg>'
    .. table.concat(points) .. "</trkseg></trk></gpx>"
end

local function own(r, at, minutes)
  local rows = {}
  for i = 0, minutes, 5 do
    rows[#rows + 1] = ('["%s",60000,%d]'):format(live.iso(at + i * MINUTE), r.int(1, 120))
  end
  return ('{"line":"syncwell","version":1,"zone":"UTC"}\n{"line":"origin","id":"1","provider":"file","name":"%s","maker":"acme","class":"band"}\n'
    .. '{"line":"samples","origin":"1","metric":"steps","unit":"{step}","at":[%s]}\n'):format(r.int(1, 2) == 1 and "Band" or "Old band", table.concat(rows, ","))
end

local function fit(r, at)
  local person, maker = require("demo.person"), require("demo.fit")
  local plan = person.plan { seed = r.int(1, 3), first = live.day(at - 3 * DAY), days = 3, zone = "Europe/Berlin" }
  return plan.workouts[1] and maker.activity(plan, plan.workouts[1], { every_s = 20 }) or nil
end

local function csv(r, at)
  local lines = { "when,kg" }
  for i = 0, 3 do
    lines[#lines + 1] = ("%s,%.1f"):format(live.iso(at + i * 7 * MINUTE), 70 + r.int(0, 99) / 10)
  end
  return table.concat(lines, "\n") .. "\n"
end

local function phone(r, at, minutes)
  local steps, heart = {}, {}
  for i = 0, minutes - 1, 10 do
    steps[#steps + 1] = { date = clock(at + i * MINUTE), qty = r.int(1, 900), source = r.int(1, 2) == 1 and "My Watch" or "My iPhone" }
    heart[#heart + 1] = { date = clock(at + i * MINUTE), Min = 50, Avg = 60 + r.int(0, 30), Max = 120, source = "My Watch" }
  end
  return json.encode { data = { metrics = json.list { { name = "step_count", units = "count", data = json.list(steps) },
    { name = "heart_rate", units = "bpm", data = json.list(heart) } },
    workouts = json.list { { id = "w" .. at, name = "Outdoor Cycling", start = clock(at + r.int(0, 90) * 1000), ["end"] = clock(at + minutes * MINUTE),
      duration = minutes * 60 } } } }
end

local function night(r, at)
  local bed = at // DAY * DAY - HOUR
  local hours = r.int(5, 8)
  return json.encode { data = { metrics = json.list { { name = "sleep_analysis", units = "hr", data = json.list { {
    date = clock(bed + DAY // 8), sleepStart = clock(bed), sleepEnd = clock(bed + hours * HOUR), inBedStart = clock(bed), inBedEnd = clock(bed + hours * HOUR),
    totalSleep = hours - 0.5, asleep = hours - 0.5, inBed = hours, source = "My Watch" } } } } } }
end

-- What a service says of one thing over time: a list of versions, false where it says nothing (any more).
local function versions(r, make)
  local list = { make(r.chance(0.3)) }
  while r.chance(0.45) and #list < 4 do
    list[#list + 1] = r.chance(0.25) and false or make(false)
  end
  if r.chance(0.3) then
    table.insert(list, 1, false) -- it came late
  end
  return list
end

local makers = {}

-- What one event leaves in one source. Some services say at first that it was short: it was still on.
function makers.strava(r, at, minutes, slot)
  return { service = "strava", versions = versions(r, function(early)
    return ride(r, 1000 + slot, at + r.int(0, 60) * 1000, early and 5 or minutes)
  end) }
end

function makers.intervals(r, at, minutes, slot)
  return { service = "intervals", versions = versions(r, function(early)
    return activity(r, "i" .. slot, at + r.int(0, 60) * 1000, early and 5 or minutes)
  end) }
end

function makers.tcx(r, at, minutes, slot)
  return { file = ("a%d.tcx"):format(slot), text = tcx(at + r.int(0, 30) * 1000, minutes, r.int(1, 2) == 1 and "Edge" or "Forerunner 1") }
end

function makers.gpx(r, at, minutes, slot)
  return { file = ("b%d.gpx"):format(slot), text = gpx(at + r.int(0, 30) * 1000, minutes) }
end

function makers.own(r, at, minutes, slot)
  return { file = ("c%d.jsonl"):format(slot), text = own(r, at, minutes) }
end

function makers.fit(r, at, _, slot)
  local text = fit(r, at)
  return text and { file = ("f%d.fit"):format(slot), text = text }
end

function makers.csv(r, at, _, slot)
  return { file = ("d%d.csv"):format(slot), text = csv(r, at) }
end

function makers.phone(r, at, minutes)
  return { post = phone(r, at, minutes) }
end

function makers.night(r, at)
  return { post = night(r, at) }
end

function makers.log(r, at, minutes)
  local when = os.date("!%Y-%m-%dT%H:%M:%SZ", at // 1000)
  local words = { { "weight", ("%d.5kg"):format(r.int(60, 90)), when }, { "caffeine", "80mg", when }, { "workout", "cycling", minutes .. "min", when },
    { "steps", tostring(r.int(10, 400)), when } }
  return { log = words[r.int(1, #words)] }
end

-- Totals a service states for a day, which grow, are corrected, and fall.
function makers.totals(r, at)
  local day = live.day(at)
  return { service = "wellness", day = day, versions = versions(r, function(early)
    return { id = day, steps = early and 900 or r.int(2000, 15000), weight = 70 + r.int(0, 9), restingHR = r.int(45, 60) }
  end) }
end

local KINDS = { "strava", "intervals", "tcx", "gpx", "own", "fit", "csv", "phone", "night", "log", "totals" }

local function history(seed)
  local r, items, days = random.new(seed, 77), {}, {}
  for slot = 1, SLOTS do
    local at, minutes = first + slot * SLOT + r.int(0, 60) * MINUTE, r.int(3, 9) * 10
    for _, kind in ipairs(KINDS) do
      local name = kind == "fit" and kind or kind .. live.day(at)
      local once = kind ~= "totals" and kind ~= "night" and kind ~= "fit" or not days[name]
      if once and at + 2 * HOUR < today + 20 * HOUR and at + 2 * HOUR < os.time() * 1000 and r.chance(0.22) then
        days[name] = true
        local item = makers[kind](r, at, minutes, slot)
        if item then
          items[#items + 1] = item
          item.name, item.n = ("%s %d"):format(kind, slot), #items
        end
      end
    end
  end
  return items
end

-- --- a home that is told a history in an order of its own ---

local MAPPING = [[return { time = { column = "when", zone = "stated" }, columns = { kg = { metric = "weight", unit = "kg" } }, origin = { name = "Table", kind = "scale" } }]]

local function template()
  local h = flow.home("UTC")
  assert(live.strava(h, server).code == 0)
  local p = live.spawn(h.command("connect", "intervals-icu", "--base-url", server.url))
  p.say("key\n")
  assert(p.wait(30).code == 0)
  h.post_to = h.json("connect", "phone").post_to
  h.hook = h.json("connections", "webhook", "strava")
  return h
end

local base = template()

local function copy()
  local h = setmetatable({ dir = flow.temp() }, { __index = base })
  flow.sh(("cp -a %s/. %s"):format(base.dir, h.dir))
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
  function h.ok(...)
    local r = h.run(...)
    return r.code == 0 and r or error(table.concat({ ... }, " ") .. ": " .. r.err .. r.out, 2)
  end
  function h.remove()
    sw.fs.remove_tree(h.dir)
  end
  return h
end

-- The services say version `at[item]` of each thing.
local function say(items, at)
  local lists = { strava = json.list(), intervals = json.list(), wellness = json.list() }
  for _, item in ipairs(items) do
    local version = item.versions and item.versions[at[item]]
    if version then
      table.insert(lists[item.service], version)
    end
  end
  server.control { set = { strava = { activities = lists.strava }, intervals = { activities = lists.intervals, wellness = lists.wellness } } }
end

local function sync(h)
  local r = h.ok("--json", "sync")
  for _, one in ipairs(json.decode(r.out)) do
    assert(one.new, r.out) -- it was asked, and did not wait for a limit
  end
end

local function signed(body, key)
  local t = tostring(os.time())
  return { ["X-Strava-Signature"] = ("t=%s,v1=%s"):format(t, sw.crypto.hex(sw.crypto.hmac_sha256(key, t .. "." .. body))) }
end

local function hint(r)
  return json.encode { object_type = "activity", aspect_type = ({ "create", "update", "delete" })[r.int(1, 3)], object_id = 1000 + r.int(1, SLOTS),
    owner_id = 1, updates = {}, event_time = os.time() - r.int(0, 100), subscription_id = 1 }
end

-- Documents are posted to a server that is stopped before it may have read them; then the queue is worked off.
local function post(h, r, bodies)
  local p = live.spawn(h.command("serve", "--listen", "127.0.0.1:0"))
  local url = p.await("listening on (http://%S+)")
  for _, body in ipairs(bodies) do
    local q = assert(sw.http.request { url = url .. h.post_to:match("(/in/.*)$"), method = "POST", body = body, administrator = true })
    assert(q.status == 200, q.status)
  end
  for _ = 1, r.int(0, 3) do
    local forged = r.chance(0.3)
    local body = hint(r)
    local q = assert(sw.http.request { url = url .. h.hook.url:match("(/hook/.*)$"), method = "POST", body = body, administrator = true,
      headers = signed(body, forged and "guess" or "client-secret") })
    assert(q.status == (forged and 403 or 200), q.status)
  end
  if r.chance(0.5) then
    sw.sys.sleep(r.int(0, 300))
  end
  assert(p.stop().code == 0)
  h.ok("run", "--once")
end

local tell = {}

function tell.file(h, item)
  local path = flow.write(h.dir .. "/" .. item.file, item.text)
  if item.file:find("csv$") then
    return h.ok("import", path, "--as", "csv", "--map", flow.write(path .. ".map.lua", MAPPING))
  end
  h.ok("import", path)
end

function tell.log(h, item)
  h.ok("log", table.unpack(item.log))
end

-- The steps of a home: everything once, some twice, in any order; the services are asked in between, and what
-- they say moves on. Each step's place hangs on itself alone, so a history that is cut keeps its order.
local function plan(items, seed, which)
  local list = { { at = random.new(seed, which, 1001).float(), what = "sync" }, { at = random.new(seed, which, 1002).float(), what = "sync" } }
  for _, item in ipairs(items) do
    local r = random.new(seed, which, item.n)
    for _ = 1, not item.versions and (not item.log and r.chance(0.25) and 2 or 1) or 0 do
      list[#list + 1] = { at = r.float(), what = item }
    end
  end
  table.sort(list, function(a, b) return a.at < b.at end)
  return list
end

local function told(items, seed, which)
  local h, r, at = copy(), random.new(seed, which, 5), {}
  server.control { set = { strava = { limits = { overall = json.list { 200, 2000 }, read = json.list { 100, 1000 } } } } } -- nobody asked yet
  for _, item in ipairs(items) do
    at[item] = 1
  end
  local bodies = {}
  local function flush()
    if #bodies > 0 then
      post(h, r, bodies)
      bodies = {}
    end
  end
  say(items, at)
  for _, p in ipairs(plan(items, seed, which)) do
    local step = p.what
    if step == "sync" then
      for _, item in ipairs(items) do
        at[item] = item.versions and random.new(seed, which, item.n, at[item]).int(at[item], #item.versions) or 1
      end
      say(items, at)
      sync(h)
    elseif step.post then
      bodies[#bodies + 1] = step.post
      if #bodies == 3 then
        flush()
      end
    else
      tell[step.file and "file" or "log"](h, step)
    end
  end
  flush()
  for _, item in ipairs(items) do
    at[item] = item.versions and #item.versions or 1
  end
  say(items, at)
  for _ = 1, 3 do -- a second listing makes a deletion of a doubt, and tells a fall of a total again
    sync(h)
  end
  h.ok("query", "steps")
  return h
end

-- --- are two homes the same? ---

-- Ids stay; what only tells of the way is left out: revisions, tombstones (who never saw it has none), the names
-- of a group (that of the member seen first, and those it had before), times of syncs. A group is named after its least living member.
local function truth(h)
  local text, least = h.ok("dump", "--canonical").out, {}
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    local row = json.decode(line)
    if row.table == "record" and row.state ~= "deleted" then
      least[row.group] = math.min(least[row.group] or math.maxinteger, row.id)
    end
    if not (row.table == "record" and row.state == "deleted") and row.kind ~= "group_alias" then
      lines[#lines + 1] = { line, row }
    end
  end
  for i, pair in ipairs(lines) do
    local line, row = pair[1], pair[2]
    if row.table == "record" then
      line = line:gsub('"group":%d+', '"group":' .. least[row.group]):gsub('"revision":%d+', '"revision":0')
    end
    lines[i] = line:gsub('"last_sync":%d+', '"last_sync":0')
  end
  return table.concat(lines, "\n")
end

local function differ(items, seed)
  local a, b = told(items, seed, 1), told(items, seed, 2)
  local difference = flow.difference(truth(a), truth(b))
  local check = a.run("check").code + b.run("check").code
  a.remove()
  b.remove()
  return difference ~= "" and difference or check ~= 0 and "check finds something" or nil
end

-- Without which items does it still differ? What is left is what is needed.
local function shrunk(items, seed)
  local list, i = { table.unpack(items) }, 1
  while i <= #list do
    local fewer = { table.unpack(list) }
    table.remove(fewer, i)
    if differ(fewer, seed) then
      list = fewer
    else
      i = i + 1
    end
  end
  return list
end

local function told_of(items)
  local lines = {}
  for _, item in ipairs(items) do
    lines[#lines + 1] = item.name .. ": " .. (item.versions and json.encode(json.list(item.versions)) or item.log and table.concat(item.log, " ")
      or sw.sys.clean((item.text or item.post):sub(1, 300)))
  end
  return table.concat(lines, "\n")
end

describe("random histories of many sources", function()
  it("converge whatever the order, the repetitions and what was seen on the way", function()
    local n = 0
    for seed = SEED, SEED + HISTORIES - 1 do
      local items = history(seed)
      n = n + #items
      local difference = differ(items, seed)
      if difference then
        items = shrunk(items, seed)
        error(("seed %d: %s\nneeded:\n%s"):format(seed, differ(items, seed) or difference, told_of(items)), 0)
      end
    end
    sw.sys.out(("note seeds %d to %d: %d things told to two homes each\n"):format(SEED, SEED + HISTORIES - 1, n))
    expect(n > HISTORIES * 3).is_true()
  end)

  it("leaves no home behind", function()
    base.remove()
    server.stop()
  end)
end)
