-- Stored data played forward through the rules as they are now, on a copy of the database and a clock of its
-- own: what would fire, wait and be held. Nothing is sent and nothing of the home is changed.
--   local sim = simulation.open(ctx, names)     --> simulation | nil, message, code
--   sim:play(first_ms, last_ms, extra [, show]) --> entries, in order of time;   sim:close()
--                                                   show(days done, days in all)
-- Data is known when it is over (ctx.playing, lua/data.lua); records come at their end, triggers on data are
-- looked at each hour and whenever time alone may make one true. What rules did before is forgotten in the
-- copy. Of actions only those on the person's own data and rules are done, there; the others are told.
local fields = require("box.fields")
local config = require("config")
local data = require("data")
local home = require("home")
local queue = require("queue")
local rules = require("rules")
local schema = require("schema")
local scratch = require("scratch")
local standing = require("standing")
local stepping = require("stepping")
local steps = require("steps")
local triggers = require("triggers")
local watch = require("watch")

local json = sw.json
local simulation = {}
simulation.__index = simulation

local HOUR_MS, DAY_MS, LIVE_MS = 3600000, 86400000, 48 * 3600000
local PART = 2000 -- documents a transaction
local OWN = { dispatch = true, watch = true, schedule = true, step = true, debounce = true }
local INSIDE = { ["record.add"] = true, ["record.tag"] = true, ["rule.fire"] = true }
local FORGOTTEN = { "firing", "steps", "wait", "rule_last", "rule_state", "rule_active", "debounce" }

local function note(self, entry)
  entry.at = entry.at or sw.time.now()
  self.entries[#self.entries + 1] = entry
  self.order[entry] = #self.entries
end

-- --- what takes the place of doing it ---

local function told_action(self, job)
  local doc = sw.store.doc(self.ctx.who, "firing", job.payload.firing)
  local a = doc and doc.body.actions[job.payload.n]
  if not a or INSIDE[a.action] then
    return nil -- done as usual, in the copy
  end
  note(self, { what = "action", rule = doc.body.rule, key = doc.body.key, action = a.action, args = a.args })
  return { told = true }
end

local function unanswered(self, job)
  local doc = sw.store.doc(self.ctx.who, "steps", job.payload.firing)
  local wait = doc and doc.body.wait
  if wait and wait.n == job.payload.n and not wait.answer then
    wait.answer, wait.state = { problem = "nothing is sent in a simulation", code = "dry" }, "answered"
    wait.at = sw.time.now()
    local t = home.txn(self.ctx)
    t:doc("steps", doc.name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
    steps.job(t, doc.name, wait.n, wait.at)
    local args = doc.body.steps[wait.n].args
    note(self, { what = "action", rule = doc.body.rule, key = doc.body.key, action = "http.request",
      args = args })
    local done, message, code = t:commit()
    return done and { told = true } or nil, message, code
  end
  return { over = true }
end

local function instead(self)
  return function(_, job)
    if OWN[job.kind] then
      return nil
    elseif job.kind == "action" then
      return told_action(self, job)
    elseif job.kind == "request" then
      return unanswered(self, job)
    end
    return { left_out = true }
  end
end

-- --- the copy ---

-- A part at a time: a person may have years of firings.
local function forget_kind(ctx, kind)
  local docs, message, code
  repeat
    docs, message, code = sw.store.docs(ctx.who, kind, { limit = PART })
    local t = home.txn(ctx)
    for _, doc in ipairs(docs or {}) do
      t:doc_delete(kind, doc.name)
    end
    if docs then
      docs, message, code = t:commit() and docs, message, code
    end
  until not docs or #docs < PART
  return docs and true, message, code
end

local function forget(ctx)
  for _, kind in ipairs(FORGOTTEN) do
    local ok, message, code = forget_kind(ctx, kind)
    if not ok then
      return nil, message, code
    end
  end
  local t = home.txn(ctx)
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.state == "running" then
      t:job_extend(job.id, job.generation or 0, -1, "")
    end
  end
  return t:commit()
end

-- Jobs that the copy brought along are taken and left out; those of a running engine are its own.
local function drop_jobs(self)
  while true do
    local jobs, message, code = queue.claim(self.ctx, { now = math.maxinteger // 2, most = 30 })
    if not jobs or #jobs == 0 then
      return jobs and true, message, code
    end
    local t = home.txn(self.ctx)
    for _, job in ipairs(jobs) do
      t:job_done(job.id, job.generation, "left out", "{}")
    end
    local done, why, kind = t:commit()
    if not done then
      return nil, why, kind
    end
  end
end

-- Rules of the catalogue that are named are installed in the copy, with what was set for them.
local function install(ctx, names)
  local all, message, code = rules.load(ctx, true)
  if not all then
    return nil, message, code
  end
  local known, t = {}, home.txn(ctx)
  for _, r in ipairs(all) do
    known[r.name] = r
  end
  for _, name in ipairs(names) do
    local r = known[name]
    if not r then
      return nil, ("there is no rule '%s'%s; `syncwell rules list --all` names them"):format(name,
        schema.did_you_mean(name, schema.keys(known))), "usage"
    elseif r.error then
      return nil, r.error, "bad"
    elseif r.shipped and not r.installed then
      t:doc("rule", name, json.encode { installed = true, params = next(r.params) and r.params or nil })
    end
  end
  return t:commit()
end

local function only(self, names)
  local set, message, code = true, nil, nil
  if #names > 0 then
    set, message, code = install(self.ctx, names)
  end
  if set then
    set, message, code = standing.rules(self.ctx)
  end
  if not set then
    return nil, message, code
  end
  local wanted = {}
  for _, name in ipairs(names) do
    wanted[name] = true
  end
  for _, rule in ipairs(set.all) do
    rule.live = #names == 0 and rule.live or wanted[rule.name] or false
  end
  self.all = set.all
  return true
end

function simulation.open(ctx, names)
  local copy, message, code = scratch.open(ctx)
  if not copy then
    return nil, message, code
  end
  local dir, self = copy.dir, setmetatable({ copy = copy, entries = {}, order = {} }, simulation)
  local ok
  ok, message, code = sw.care.copy(ctx.home .. "/syncwell.db", dir .. "/syncwell.db"):wait()
  if ok then
    ok, message, code = sw.sys.open(dir, "scratch:" .. dir .. "/syncwell.db")
  end
  if not ok then
    self:close()
    return nil, message, code
  end
  config.load(ctx)
  self.ctx = setmetatable({ playing = true, instead = instead(self), held = function(rule, e, why)
    note(self, { what = "held", rule = rule.name, why = why, event = rules.public_event(e.event) })
  end }, { __index = ctx })
  ok, message, code = forget(self.ctx)
  if ok then
    ok, message, code = drop_jobs(self)
  end
  if ok then
    ok, message, code = only(self, names)
  end
  if not ok then
    self:close()
    return nil, message, code
  end
  return self
end

function simulation:close()
  sw.time.set()
  self.copy:close()
end

-- --- playing ---

-- Records that some live rule may hear of, each at its end.
local function records_between(self, first, last)
  local list = {}
  for _, kind in ipairs(fields.record_kinds) do
    local heard = false
    for _, rule in ipairs(self.all) do
      heard = heard or rule.live and triggers.listens(rule, kind .. ".created")
    end
    sw.time.set(last)
    local views, message, code = {}, nil, nil
    if heard then
      views, message, code = data.groups(self.ctx, kind, { first_day = home.day(self.ctx, first) - 2,
        last_day = home.day(self.ctx, last) + 1 })
    end
    for _, v in ipairs(views or {}) do
      local group = math.tointeger(tonumber(v.group, 16))
      list[#list + 1] = v.finish >= first and v.finish <= last
        and { at = v.finish, event = kind .. ".created", group = group } or nil
    end
    if not views then
      return nil, message, code
    end
  end
  return list
end

local function watching(self)
  for _, rule in ipairs(self.all) do
    if rule.live and #triggers.watched(rule) > 0 then
      return true
    end
  end
  return false
end

local function arrivals(self, first, last, extra)
  local list, message, code = records_between(self, first, last)
  if not list then
    return nil, message, code
  end
  for _, e in ipairs(extra or {}) do
    list[#list + 1] = e.at >= first and e.at <= last and e or nil
  end
  for at = (first // HOUR_MS + 1) * HOUR_MS, watching(self) and last or 0, HOUR_MS do
    list[#list + 1] = { at = at, look = true }
  end
  table.sort(list, function(a, b)
    return a.at < b.at or a.at == b.at and tostring(a.group) < tostring(b.group)
  end)
  return list
end

local function arrive(self, a)
  local t = home.txn(self.ctx)
  if a.event then
    t:event(json.encode { event = a.event, group = a.group, data = a.data })
    t:dispatch(a.at - LIVE_MS)
  end
  watch.ask(t)
  return t:commit()
end

local function firings(self)
  for _, doc in ipairs(sw.store.docs(self.ctx.who, "firing", { limit = 1000000 }) or {}) do
    local f = doc.body
    note(self, { what = f.retracts and "retracts" or "fires", at = doc.at, rule = f.rule, key = f.key,
      event = f.event, state = f.state })
    local kept = sw.store.doc(self.ctx.who, "steps", doc.name)
    for _, s in ipairs(kept and kept.body.steps or {}) do
      if s.action == "sleep" or s.action == "wait_for" then
        note(self, { what = "waits", at = s.at, rule = f.rule, key = f.key, action = s.action, args = s.args,
          ended = (s.result or {}).at, came = (s.result or {}).event and true or nil })
      end
    end
  end
end

local rank = { fires = 1, retracts = 1, waits = 2, action = 3, held = 3 }

local function before(self, a, b)
  if a.at ~= b.at or a.rule ~= b.rule then
    return a.at < b.at or a.at == b.at and a.rule < b.rule
  elseif rank[a.what] ~= rank[b.what] then
    return rank[a.what] < rank[b.what]
  end
  return self.order[a] < self.order[b]
end

function simulation:play(first, last, extra, show)
  local list, message, code = arrivals(self, first, last, extra)
  if not list then
    return nil, message, code
  end
  sw.time.set(first)
  local ok
  ok, message, code = rules.plan(self.ctx, self.all, first - 1)
  for _, a in ipairs(ok and list or {}) do
    ok, message, code = stepping.to(self.ctx, a.at, sw.time.now())
    if ok then
      ok, message, code = arrive(self, a)
    end
    if show then
      show((a.at - first) // DAY_MS, (last - first) // DAY_MS + 1)
    end
    if not ok then
      break
    end
  end
  if ok then
    ok, message, code = stepping.to(self.ctx, last, sw.time.now())
  end
  if not ok then
    return nil, message, code
  end
  firings(self)
  table.sort(self.entries, function(a, b) return before(self, a, b) end)
  return self.entries
end

return simulation
