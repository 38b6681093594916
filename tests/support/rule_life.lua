-- SPDX-License-Identifier: MIT
-- An engine that lives a made-up history on a clock that is set, and what it fired, for tests/flows/test_firings.lua.
--   local e = rule_life.new { zone, place, goals, start, finish, rules = { { name, source } }, ops };  e:live_through()
--   e:live() --> lines "rule|key|when|what it said|until when that waits"    e:past(first_day) --> without the last
-- An op has an instant `at` and what comes then: samples { metric, start, minutes, value, offset } or the same `gone`,
-- records, ids of records that are `lost`, a `rule` that is new, a `zone` to which the person moved, `off` and `on`.
local homes = require("home")
local queue = require("queue")
local record = require("record")
local replay = require("replay")
local rules = require("rules")
local stepping = require("stepping")
local watch = require("watch")

local json = sw.json
local LIVE_MS = 48 * 3600000
local ORIGIN = { provider = "watch", name = "watch", maker = "", model = "", kind = "watch", ident = "watch" }

local life = {}
life.__index = life

local function write_rule(self, rule)
  assert(sw.fs.write(("%s/rules/automations/%s.lua"):format(self.dir, rule.name), rule.source))
end

local function commit(self, fill)
  local t = homes.txn(self.ctx)
  fill(t)
  return assert(t:commit())
end

local function folder()
  local dir = sw.fs.temp_dir()
  if not sw.fs.stat("/dev/shm") then
    return dir
  end
  sw.fs.remove_tree(dir)
  dir = "/dev/shm/" .. dir:match("[^/]+$")
  assert(sw.fs.mkdir(dir))
  return dir
end

-- As `run` begins.
function life:begin(after)
  for _, name in ipairs { "standing", "jobs.dispatch", "jobs.watch", "jobs.schedule" } do
    package.loaded[name] = nil
  end
  self.all = assert(rules.load(self.ctx))
  for _, rule in ipairs(self.all) do
    assert(not rule.error, rule.error)
  end
  assert(rules.plan(self.ctx, self.all, after))
end

function life.new(case)
  local self = setmetatable({ dir = folder(), case = case }, life)
  sw.time.set(case.start)
  self.ctx = assert(homes.open({ home = self.dir, zone = case.zone }, true))
  self.ctx.config = {}
  for _, rule in ipairs(case.rules) do
    write_rule(self, rule)
  end
  local done = commit(self, function(t)
    t:connection("watch", "main")
    t:origin(ORIGIN)
    for metric, goal in pairs(case.goals) do
      t:doc("goal", metric, json.encode(goal))
    end
    t:doc("setting", "home", json.encode { place = { latitude = case.place[1], longitude = case.place[2] } })
  end)
  self.connection, self.origin = done[1], done[2]
  self:begin(case.start)
  return self
end

local function by_metric(list)
  local out = {}
  for _, s in ipairs(list or {}) do
    out[s[1]] = out[s[1]] or {}
    table.insert(out[s[1]], { s[2], s[3] * 60000, s[4], s[5] })
  end
  return out
end

local function put_records(self, t, list)
  for _, r in ipairs(list or {}) do
    local draft = { kind = r.kind, external_id = r.id, start = r.start, finish = r.finish, offset_start = r.offset_start,
      offset_finish = r.offset_finish, attributes = { title = r.id, sport = r.sport, asleep_s = r.kind == "sleep" and (r.finish - r.start) // 1000 or nil } }
    t:record(record.row(self.ctx, draft, ORIGIN, self.connection, "watch"))
  end
  for _, id in ipairs(list and list.lost or {}) do
    local kind = id:sub(1, 1) == "w" and "workout" or "sleep"
    local stored = sw.store.records(self.ctx.who, { connection = self.connection, external = id, kind = kind })
    assert(stored and stored[1], id)
    t:record_delete(stored[1].id, kind, true)
  end
end

function life:arrive(op)
  commit(self, function(t)
    for metric, list in pairs(by_metric(op.gone)) do
      t:samples_gone(metric, self.origin, list)
    end
    for metric, list in pairs(by_metric(op.samples)) do
      t:samples(metric, self.origin, list)
    end
    for _, d in ipairs(op.totals or {}) do
      t:day_total(d[1], d[2], ORIGIN, d[3])
    end
    local records = op.records or {}
    records.lost = op.lost
    put_records(self, t, records)
    watch.ask(t)
    t:dispatch(sw.time.now() - LIVE_MS)
  end)
end

-- A person who moved says so to a home that runs: what is planned is planned anew.
function life:move(zone)
  commit(self, function(t) t:person(self.ctx.name, zone, true) end)
  self.ctx.zone = zone
  self:begin(sw.time.now())
end

-- Time goes by; what is due is done, unless the engine is off.
function life:pass(to)
  if self.stopped then
    sw.time.set(to)
  else
    assert(stepping.to(self.ctx, to, sw.time.now()))
  end
end

function life:step(op)
  self:pass(op.at - 1)
  sw.time.set(op.at)
  if op.off then
    self.stopped = op.at
  end
  if op.rule then
    write_rule(self, op.rule)
    self:begin(op.at)
  end
  if op.zone then
    self:move(op.zone)
  end
  self:arrive(op)
  if op.on then
    self:begin(self.stopped)
    self.stopped = nil
  end
  if not self.stopped then
    assert(queue.run_due(self.ctx))
  end
end

-- --- what came of it ---

local function stamp(ms)
  local text = os.date("!%m-%dT%H:%M:%S", ms // 1000)
  return ms % 1000 == 0 and text or ("%s.%03d"):format(text, ms % 1000)
end

local function key_of(f, said)
  if f.event.planned then
    return stamp(f.event.planned)
  end
  return f.event.kind == "workout" and "event " .. said or f.key
end

local function line_of(f, at)
  local a = f.actions and f.actions[1] or { args = {} }
  return ("%s|%s|%s|%s"):format(f.rule, key_of(f, a.args.text), stamp(at), tostring(a.args.text)), a.waits
end

function life:live()
  local list = {}
  for _, doc in ipairs(sw.store.docs(self.ctx.who, "firing", { limit = 1000000 })) do
    local line, waits = line_of(doc.body, doc.at)
    list[#list + 1] = ("%s|%s"):format(line, waits and stamp(sw.time.parse(waits)) or "")
  end
  for _, doc in ipairs(sw.store.docs(self.ctx.who, ".rule_error", {}) or {}) do
    list[#list + 1] = "error: " .. json.encode(doc.body.errors)
  end
  return list
end

function life:past(first)
  local list, last = {}, homes.day(self.ctx, sw.time.now())
  for _, rule in ipairs(self.all) do
    local firings, errors = replay.run(self.ctx, rule, assert(replay.history(self.ctx, rule, first, last)))
    assert(#errors == 0, errors[1])
    for _, f in ipairs(firings) do
      list[#list + 1] = line_of(f, f.at_ms)
    end
  end
  return list
end

function life:live_through()
  for _, op in ipairs(self.case.ops) do
    self:step(op)
  end
  self:pass(self.case.finish)
end

function life:close()
  sw.time.set()
  sw.fs.remove_tree(self.dir)
end

return life
