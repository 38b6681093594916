-- Job "ingest": a document that was posted (lua/post.lua) becomes records and samples.
-- payload: { connection, file, kind = "posted" | "webhook" }. A webhook is a hint: it plans a sync.
local connections = require("connections")
local door = require("door")
local home = require("home")
local intake = require("intake")
local post = require("post")
local providers = require("providers")
local raw = require("raw")
local undo = require("undo")
local zones = require("zones")
local watch = require("watch")

local ingest = {}

local CPU_MS, LIVE_MS, AROUND_MS = 5000, 48 * 3600000, 400 * 86400000

local function answers(state)
  return function(call, _, name, args)
    if name == "body" then
      sw.box.body(call, state.body)
      return sw.box.reply(call, true, true)
    end
    local ok, message = state.intake:take(name, args)
    if not ok then
      return sw.box.reply(call, false, message)
    end
    sw.box.reply(call, true, true)
  end
end

local function run(ctx, provider, op, state, more)
  local now = sw.time.now()
  local spec = { op = op, script = provider.script, at = now, offset_min = home.offset(ctx, now),
    user = ctx.name,
    zone = zones.between(ctx.zone, now - AROUND_MS, now + 86400000) }
  for k, v in pairs(more or {}) do
    spec[k] = v
  end
  local results, message, code = door.run(ctx.name, provider.package, { { cpu_ms = CPU_MS, spec = spec } },
    answers(state))
  if not results then
    return nil, message, code
  end
  local r = results[1]
  if not r.ok then
    return nil, r.error and (r.error.text or r.error.message) or "the script was stopped", "bad"
  elseif r.out.verdict then
    return nil, sw.sys.clean(tostring(r.out.verdict.reason)), "bad"
  end
  return r.out
end

local function store(ctx, job, c, provider, state)
  local t = home.txn(ctx)
  undo.around(t, job.id, "posted", connections.title(c), function()
    state.intake:write(t)
  end)
  raw.keep_posted(ctx, t, c, provider, "posted", state.body)
  local total = state.intake.total
  local today = home.day(ctx, sw.time.now())
  t:coverage { connection = c.id, resource = "posted", first = today, last = today, state = "received" }
  t:dispatch(sw.time.now() - LIVE_MS)
  watch.ask(t)
  c.body.last_sync, c.body.failures, c.body.last_error = sw.time.now(), nil, nil
  c.body.failing_since = nil
  connections.put(t, c)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  state.intake:count(done, 2)
  total.reasons = state.intake.reasons
  return total
end

-- What cannot be read stays in the inbox, and the connection says why.
local function refuse(ctx, c, job, message)
  c.body.last_error = sw.sys.clean(("a posted document was not understood and is kept in inbox/%s: %s")
    :format(job.payload.file, message)):sub(1, 300)
  local t = home.txn(ctx)
  connections.put(t, c)
  t:commit()
end

local function posted(ctx, job, c, provider, state)
  local out, message, code = run(ctx, provider, "posted", state)
  if not out then
    if code == "bad" then
      refuse(ctx, c, job, message)
    end
    return nil, message, code
  end
  return store(ctx, job, c, provider, state)
end

local function withdrawn(ctx, c, provider)
  local mend = c.provider .. (c.name ~= "main" and " --name " .. c.name or "")
  connections.set_state(ctx, c, "needs_user", ("%s says that access was withdrawn; mend it with: syncwell "
    .. "connect %s"):format(provider.declaration.title, mend))
  return { hint = "revoked" }
end

-- One subscription may speak of several accounts: the connection that is meant, nil when there is none.
local function addressed(ctx, c, account)
  if account == nil or c.body.account == nil or tostring(account) == tostring(c.body.account) then
    return c
  end
  for _, other in ipairs(connections.list(ctx) or {}) do
    if other.provider == c.provider and tostring(other.body.account) == tostring(account) then
      return other
    end
  end
end

-- When that was which a hint names: an edit of something old lies further back than syncs look.
local function instant_of(ctx, c, id)
  local rows = id ~= nil and sw.store.records(ctx.who, { connection = c.id, external = tostring(id) })
  return rows and rows[1] and rows[1].start
end

-- What the hint says is only where to look: the connection is asked itself.
local function hinted(ctx, job, c, provider, state)
  local out, message, code = run(ctx, provider, "webhook", state, { headers = job.payload.headers,
    query = job.payload.query })
  if not out then
    return nil, message, code
  end
  local hint = type(out.hint) == "table" and out.hint or {}
  c = addressed(ctx, c, hint.account)
  if not c then
    return { hint = "of an account that is not connected" }
  elseif hint.revoked then
    return withdrawn(ctx, c, provider)
  end
  local t = home.txn(ctx)
  raw.keep_posted(ctx, t, c, provider, "webhook", state.body)
  connections.put_hint(t, ctx, c, math.tointeger(hint.from) or instant_of(ctx, c, hint.id))
  local ok, why, kind = t:commit()
  if not ok then
    return nil, why, kind
  end
  return { hint = "sync" }
end

function ingest.run(ctx, job)
  local c, message = connections.find(ctx, job.payload.connection)
  if not c then
    post.drop(ctx, job.payload.file)
    return { skipped = message }
  end
  local provider, code
  provider, message, code = providers.get(ctx, c.provider)
  if not provider then
    return nil, message, code
  end
  local agreed, why = providers.agreed(c, provider, connections.title(c))
  if not agreed then
    return nil, why, "again" -- what was posted is not shown to another script than it was meant for
  end
  local state = { intake = intake.new(ctx, c, provider) }
  state.body, message = post.read(ctx, job.payload.file)
  if not state.body and not post.is_there(ctx, job.payload.file) then
    return { skipped = "the same document was read in the meantime" }
  elseif not state.body then
    return nil, message, "bad"
  end
  local outcome
  outcome, message, code = (job.payload.kind == "webhook" and hinted or posted)(ctx, job, c, provider, state)
  if outcome then
    post.drop(ctx, job.payload.file)
  end
  return outcome, message, code
end

return ingest
