-- The engine's side of `syncwell test`: what a test asks for (lua/box/testing.lua) is done by the product
-- itself, on a home made for the tests, each test as a person of its own whose time stands still.
--   local bench = testing.new(ctx, { home = "/home/me/.local/share/syncwell", folder = "tests" })
--   bench:run("hydrate_test.lua", source)    --> { { name, ok, error, skipped } ... } | nil, message
local fields = require("box.fields")
local connections = require("connections")
local data = require("data")
local door = require("door")
local home = require("home")
local post = require("post")
local providers = require("providers")
local queue = require("queue")
local record = require("record")
local replayed = require("replayed")
local rules = require("rules")
local schema = require("schema")
local stepping = require("stepping")
local tasks = require("tasks")
local vault = require("vault")
local watch = require("watch")

local json = sw.json
local testing = {}
testing.__index = testing

local START_MS = 1772366400000 -- 2026-03-01T12:00:00Z
local FILE_CPU_MS = 20000
local LIVE_MS = 48 * 3600000

function testing.new(ctx, where)
  return setmetatable({ base = ctx, where = where }, testing)
end

-- --- one test: a person, a folder, a clock ---

local function new_person(name, zone)
  local t = sw.txn.new(0, name, zone)
  t:person(name, zone)
  local done, message = t:commit()
  if not done then
    error(message, 0)
  end
  return sw.store.person(name)
end

local ask = {}

function ask.begin(self)
  local n = (self.base.tests_begun or 0) + 1 -- of all files: each test is a person of its own
  self.base.tests_begun = n
  local name, dir = ("test%d"):format(n), ("%s/%d"):format(self.base.home, n)
  for _, folder in ipairs { "/rules/automations", "/providers" } do
    assert(sw.fs.mkdir(dir .. folder))
  end
  sw.time.set(START_MS)
  local person = new_person(name, self.base.zone)
  self.web, self.newest = replayed.new(self.where.folder), nil
  self.ctx = setmetatable({ home = dir, who = person.id, name = name, zone = person.zone, config = {},
    transport = function(request) return self.web:answer(request) end }, { __index = self.base })
  return true
end

local function settled(ctx)
  local done, message = queue.run_due(ctx)
  if not done then
    error(message, 0)
  end
  return true
end

function ask.advance(self, args)
  local done, message = stepping.to(self.ctx, sw.time.now() + args.ms)
  return done and true or error(message, 0)
end

function ask.set(self, args)
  if args.at < sw.time.now() then
    sw.time.set(args.at)
    return true
  end
  local done, message = stepping.to(self.ctx, args.at)
  return done and true or error(message, 0)
end

function ask.now()
  return sw.time.now()
end

-- --- rules ---

local function source_of(self, folder, name)
  if type(name) ~= "string" or not name:find("^[%w_%-]+$") then
    error(("'%s' is no name of a script"):format(tostring(name)), 0)
  end
  local names = {}
  for _, root in ipairs { self.where.home, sw.sys.share() } do
    local path = ("%s/%s/%s.lua"):format(root, folder, name)
    if sw.fs.stat(path) then
      return assert(sw.fs.read(path, 65537))
    end
    for _, file in ipairs(sw.fs.list(root .. "/" .. folder) or {}) do
      names[#names + 1] = file:match("^(.*)%.lua$")
    end
  end
  error(("there is no %s/%s.lua%s"):format(folder, name, schema.did_you_mean(name, names)), 0)
end

local function loaded(self)
  local all, message = rules.load(self.ctx)
  if not all then
    error(message, 0)
  end
  return all
end

local function find(self, name)
  for _, rule in ipairs(loaded(self)) do
    if rule.name == name then
      return rule
    end
  end
  error(("the rule '%s' is not part of this test; begin with: t.rule \"%s\""):format(tostring(name),
    tostring(name)), 0)
end

function ask.rule(self, args)
  local source = source_of(self, "rules/automations", args.rule)
  assert(sw.fs.write(("%s/rules/automations/%s.lua"):format(self.ctx.home, args.rule), source, 384))
  local t = home.txn(self.ctx)
  t:doc("rule", args.rule, json.encode { params = args.params or {}, enabled = true })
  assert(t:commit())
  local rule = find(self, args.rule)
  if rule.error then
    error(rule.error, 0)
  end
  assert(rules.plan(self.ctx, { rule }, sw.time.now()))
  return true
end

local function firings(self, name)
  local list = {}
  for _, doc in ipairs(sw.store.docs(self.ctx.who, "firing", { limit = 100000 }) or {}) do
    if not name or doc.body.rule == name then
      doc.body.at_ms = doc.at
      list[#list + 1] = doc.body
    end
  end
  return list
end

function ask.fired(self, args)
  find(self, args.rule)
  return json.list(firings(self, args.rule))
end

function ask.actions(self, args)
  local list = json.list()
  for _, f in ipairs(ask.fired(self, args)) do
    for _, a in ipairs(f.actions or {}) do
      list[#list + 1] = { action = a.action, args = a.args, state = a.state, key = f.key, at = f.at }
    end
  end
  return list
end

function ask.errors(self, args)
  local doc = sw.store.doc(self.ctx.who, ".rule_error", args.rule)
  local list = json.list()
  for _, e in ipairs(doc and doc.body.errors or {}) do
    list[#list + 1] = e.text
  end
  return list
end

-- Why the newest event did not fire, in words; what the script itself stumbled over comes first.
function ask.why(self, args)
  local failed = ask.errors(self, args)
  if #failed > 0 then
    return "it failed: " .. failed[#failed]
  elseif not self.newest then
    return "nothing happened yet"
  end
  local rule = find(self, args.rule)
  if not rules.listens(rule, self.newest.kind) then
    return ("it does not listen to %s"):format(self.newest.kind)
  end
  local results = rules.evaluate(self.ctx, rule, { self.newest }, "why") or {}
  local r, words = results[1], {}
  for _, g in ipairs(r and r.ok and r.out.gates or {}) do
    words[#words + 1] = (g.ok and "yes: " or "no: ") .. g.text
  end
  return table.concat(words, "; ")
end

local function done_by(self, action, field)
  local list = json.list()
  for _, f in ipairs(firings(self)) do
    for _, a in ipairs(f.actions or {}) do
      if a.action == action then
        local one = { state = a.state, rule = f.rule }
        for k, v in pairs(a.args) do
          one[k] = v
        end
        list[#list + 1] = one
      end
    end
  end
  table.sort(list, function(a, b)
    return tostring(a[field]) < tostring(b[field])
  end)
  return list
end

function ask.notifications(self)
  return done_by(self, "notify", "at")
end

function ask.calendar(self)
  local list = json.list()
  for _, doc in ipairs(sw.store.docs(self.ctx.who, "calendar", {}) or {}) do
    local e = doc.body
    list[#list + 1] = { title = e.title, at = sw.time.iso(e.start, home.offset(self.ctx, e.start)),
      duration_s = e.dur_s, notes = e.notes, uid = doc.name }
  end
  return list
end

function ask.tasks(self)
  local list, message = tasks.list(self.ctx)
  return list or error(message, 0)
end

-- --- what happens ---

local function origin_of(args)
  local provider = args.provider or "test"
  return provider, { provider = provider, name = args.maker or provider, maker = args.maker or "", model = "",
    kind = "app", ident = provider }
end

local function connection_of(ctx, provider)
  local t = home.txn(ctx)
  t:connection(provider, "main")
  return assert(t:commit())[1]
end

local function draft_of(self, kind, args)
  local length = (args.attributes.elapsed_s or args.attributes.in_bed_s or args.attributes.asleep_s
    or 0) * 1000
  local finish = args.finish or args.start and args.start + length or sw.time.now()
  self.made = (self.made or 0) + 1
  return { kind = kind, external_id = args.id or "made-" .. self.made, start = math.floor(args.start or finish
    - length), finish = math.floor(finish), attributes = args.attributes, offset_start = args.offset,
    offset_finish = args.offset_finish or args.offset,
    type = args.attributes.sport or args.attributes.type }
end

local function store_record(self, kind, args)
  local ctx, provider, origin = self.ctx, origin_of(args)
  local t = home.txn(ctx)
  local draft = draft_of(self, kind, args)
  t:record(record.row(ctx, draft, origin, connection_of(ctx, provider), provider))
  watch.ask(t)
  t:dispatch(args.backfill and sw.time.now() + 1 or sw.time.now() - LIVE_MS)
  local done, message = t:commit()
  if not done then
    error(message, 0)
  elseif done[1].what == "rejected" then
    error("this record is not plausible: " .. tostring(done[1].reason), 0)
  end
  local stored = sw.store.records(ctx.who, { connection = connection_of(ctx, provider),
    external = draft.external_id, kind = kind })
  local members = stored and stored[1] and sw.store.records(ctx.who, { group = stored[1].group })
  local view = members and record.merged(members)
  if view then
    view.live = args.backfill and "backfill" or "live"
  end
  return view
end

local function store_other(self, args)
  local t, at = home.txn(self.ctx), sw.time.now()
  self.made = (self.made or 0) + 1
  local body = args.attributes
  body.kind = args.event:match("^(%l+)%."):gsub("^backfill$", "sync")
  t:event(json.encode { event = args.event, group = ("made%d"):format(self.made), data = body })
  t:dispatch(0)
  assert(t:commit())
  body.id, body.group, body.at, body.live = "made" .. self.made, "made" .. self.made, at, "live"
  return body
end

-- Take a record away again that this test made: t.event { "workout.retracted", id = "w1" }.
local function retract(self, kind, args)
  local ctx, provider = self.ctx, origin_of(args)
  local stored = sw.store.records(ctx.who, { connection = connection_of(ctx, provider), kind = kind,
    external = args.id or "" })
  if not stored or not stored[1] then
    error(("there is no %s with the id '%s' to take back"):format(kind, tostring(args.id)), 0)
  end
  local t = home.txn(ctx)
  t:record_delete(stored[1].id, kind, true)
  t:dispatch(0)
  local done, message = t:commit()
  if not done then
    error(message, 0)
  end
  return { kind = kind, id = stored[1].group, group = stored[1].group }
end


function ask.event(self, args)
  local kind, what = args.event:match("^(%l+)%.(.*)$")
  local known = { created = store_record, updated = store_record, retracted = retract }
  if fields.is_record[kind or ""] and not known[what] then
    error(("a test can make %s.created, updated and retracted, not '%s'"):format(kind, args.event), 0)
  end
  local view
  if fields.is_record[kind or ""] then
    view = known[what](self, kind, args)
  else
    view = store_other(self, args)
  end
  self.newest = { kind = args.event, event = view, at = sw.time.now() }
  return settled(self.ctx)
end

function ask.sample(self, args)
  local m, message = data.metric(args.metric)
  local value = m and sw.store.convert(args.value, args.unit or m.unit, m.unit)
  if not value then
    error(message or ("'%s' is no unit of %s"):format(tostring(args.unit), m.name), 0)
  end
  local _, origin = origin_of(args)
  local t, at = home.txn(self.ctx), args.at or sw.time.now()
  t:origin(origin)
  local done = assert(t:commit())
  t = home.txn(self.ctx)
  t:samples(m.name, done[1], { { at, 0, value, home.offset(self.ctx, at) } })
  watch.ask(t)
  assert(t:commit())
  return settled(self.ctx)
end

-- What `syncwell goals set steps 10000` would do; the target is in the metric's unit.
function ask.goal(self, args)
  local m, message = data.metric(args.metric)
  if not m or type(args.target) ~= "number" then
    error(message or 't.goal takes a metric and a number: t.goal("steps", 10000)', 0)
  end
  local t = home.txn(self.ctx)
  t:doc("goal", m.name, json.encode { target = args.target, period = "day" })
  watch.ask(t)
  assert(t:commit())
  return settled(self.ctx)
end

-- --- services ---

function ask.replay(self, args)
  return self.web:play(args)
end

function ask.requests(self)
  return json.list(self.web.requests)
end

-- Credentials that a test makes up: "test-NAME" for each, tokens that do not end.
local function secrets_of(d, given)
  local secrets = { access = "test-access", refresh = "test-refresh" }
  for name in pairs(d.secrets or {}) do
    secrets[name] = "test-" .. name
  end
  for name, value in pairs(type(given) == "table" and given or {}) do
    secrets[name] = value
  end
  return { secrets = secrets }
end

function ask.connect(self, args)
  local ctx = self.ctx
  local source = source_of(self, "providers", args.provider)
  assert(sw.fs.write(("%s/providers/%s.lua"):format(ctx.home, args.provider), source, 384))
  local provider, message = providers.get(ctx, args.provider)
  if not provider then
    error(message, 0)
  end
  local id = connection_of(ctx, provider.id)
  local c = assert(connections.find(ctx, id))
  c.state, c.body = "active", { account = args.more.account or "1", script = providers.pin(provider),
    base_url = args.more.base_url or provider.declaration.self_hosted and "https://self.example" or nil }
  local t = home.txn(ctx)
  vault.put(t, ctx, "app:" .. provider.id, { id = "test-app", secrets = { client_secret = "test-secret" } })
  vault.put(t, ctx, "connection:" .. id, secrets_of(provider.declaration, args.more.secrets))
  connections.put(t, c)
  assert(t:commit())
  return true
end

function ask.sync(self, args)
  local c = assert(connections.find(self.ctx, args.provider))
  local outcome, message = queue.run_now(self.ctx, { kind = "sync", name = tostring(c.id),
    payload = json.encode { connection = c.id, reason = "test" } })
  if not outcome then
    error(message, 0)
  end
  settled(self.ctx)
  return outcome
end

-- A document as an app posts it.
function ask.post(self, args)
  local c = assert(connections.find(self.ctx, args.provider))
  local body = type(args.body) == "string" and args.body or json.encode(args.body)
  local ok, message = post.keep(self.ctx, c.id, body, "post")
  if not ok then
    error(message, 0)
  end
  return settled(self.ctx)
end

function ask.records(self, args)
  local list = json.list()
  local rows = sw.store.records(self.ctx.who, { kind = args.kind, limit = 1000 }) or {}
  for i, r in ipairs(record.fold(rows)) do
    list[i] = record.public(r)
  end
  return list
end

function ask.days(self, args)
  local today = home.day(self.ctx, sw.time.now())
  local rows, message = data.daily(self.ctx, args.metric, today - 400, today + 1)
  if not rows then
    error(message, 0)
  end
  local list = json.list()
  for i, r in ipairs(rows) do
    list[i] = { day = sw.time.day_text(r.day), value = r.value, n = r.n, min = r.min, max = r.max }
  end
  return list
end

function ask.samples(self, args)
  local text = sw.store.raw(self.ctx.who, args.metric, 0, sw.time.now() + LIVE_MS)
  local list = json.list()
  for line in (text or ""):gmatch("[^\n]+") do
    list[#list + 1] = json.decode(line)
    if #list >= 1000 then
      break
    end
  end
  return list
end

-- --- a file ---

local function answer(self)
  return function(call, _, name, args)
    local what = name:match("^test%.(%l+)$")
    if not what or not ask[what] then
      return sw.box.reply(call, false, name .. " is not available to tests")
    end
    local ok, value = pcall(ask[what], self, type(args) == "table" and args or {})
    if not ok then
      return sw.box.reply(call, false, type(value) == "string" and value or "the test bench failed")
    end
    local sent, why = sw.box.reply(call, true, value == nil and true or value)
    if not sent then
      sw.box.reply(call, false, why)
    end
  end
end

function testing:run(name, source)
  sw.time.set(START_MS)
  local results, message, code = door.run(self.base.name, "tests", { { cpu_ms = FILE_CPU_MS,
    spec = { op = "test", script = name, source = source, at = START_MS, user = self.base.name } } },
      answer(self))
  sw.time.set()
  if not results then
    return nil, message, code
  end
  local r = results[1]
  local list = r.out and r.out.tests or {}
  if not r.ok then
    list[#list + 1] = { name = name, ok = false, error = r.error }
  end
  return list
end

return testing
