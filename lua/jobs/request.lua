-- Job "request": sends what a rule asks of a host (ctx.http.request) and keeps the answer; the firing goes on
-- in a job "step". The intent is stored before it is sent: GET, HEAD and what goes under a key that the
-- receiver honours is repeated, anything else is sent at most once unless it says on_unknown = "resend".
-- payload: { firing = "rule|key", n = number of the step }
local home = require("home")
local requests = require("requests")
local sources = require("sources")
local steps = require("steps")

local json = sw.json
local request = {}

local TRIES = 8 -- of one that may be repeated; about four minutes, then its rule is told

-- The firing may have been moved meanwhile: what is known of the request goes into what it is now. nil when
-- it waits for this no more, or when it is the lease that was lost.
local function take_move(ctx, doc)
  local new, was = sw.store.doc(ctx.who, "steps", doc.name), doc.body.wait
  local now = new and new.revision ~= doc.revision and new.body.state == "waiting" and new.body.wait
  if not now or now.n ~= was.n or now.answer then
    return nil
  end
  now.answer, now.state, now.at = was.answer, was.state, was.at
  doc.body, doc.revision = new.body, new.revision
  return true
end

local function write(ctx, job, doc, ends)
  local t, wait = home.txn(ctx), doc.body.wait
  t:doc("steps", doc.name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
  if ends then
    steps.job(t, doc.name, wait.n, wait.at)
    job:finish(t, wait.state, {})
  else
    job:keep(t, wait.state)
  end
  local done, message, code = t:commit()
  job.finished = done and job.finished
  if not done and code == "conflict" and take_move(ctx, doc) then
    return write(ctx, job, doc, ends)
  elseif not done then
    return nil, message, code
  end
  doc.revision = doc.revision + 1
  return { state = wait.state }
end

-- The store takes text; bytes that are none go as Base64.
local function kept(r)
  local bytes, is_text = #r.text, utf8.len(r.text) ~= nil and not r.text:find("\0", 1, true)
  return { status = r.status, headers = r.headers, bytes = bytes, base64 = not is_text or nil,
    text = is_text and r.text or sw.crypto.base64(r.text) }
end

local function answered(ctx, job, doc, answer, state)
  local wait = doc.body.wait
  wait.answer, wait.state, wait.at = answer, state, sw.time.now()
  return write(ctx, job, doc, true)
end

local function failed(ctx, job, doc, why, code)
  return answered(ctx, job, doc, { problem = why, code = code }, code == "unknown" and "outcome unknown"
    or "failed: " .. why)
end

-- Nobody knows whether it arrived.
local function unknown(ctx, job, doc, why)
  return failed(ctx, job, doc, "the outcome is unknown: " .. why, "unknown")
end

local function may_come_later(r)
  return r.status == 429 or r.status >= 500
end

local lasting = { bad = true, bad_url = true, refused = true, too_large = true }

local function send(ctx, job, doc, rule, args)
  local repeated = requests.may_repeat(args)
  if not repeated then
    doc.body.wait.state = "sending"
    local ok, message, code = write(ctx, job, doc)
    if not ok then
      return nil, message, code
    end
  end
  local key = sw.sys.hash(("%s:%s@%d"):format(ctx.name, doc.name, doc.body.wait.n)):sub(1, 32)
  local r, why, kind, reached = requests.send(ctx, rule, args, key)
  if r and not (repeated and may_come_later(r) and job.attempts < TRIES) then
    return answered(ctx, job, doc, kept(r), "answered " .. r.status)
  elseif r then
    return nil, ("the host answered %d"):format(r.status), "again"
  elseif lasting[kind] and not (reached and not repeated) then
    return failed(ctx, job, doc, why, kind)
  elseif reached and not repeated then
    return unknown(ctx, job, doc, why)
  elseif job.attempts >= TRIES then
    return failed(ctx, job, doc, why, kind)
  elseif not repeated then
    doc.body.wait.state = "planned" -- it never left
    local ok, message, code = write(ctx, job, doc)
    if not ok then
      return nil, message, code
    end
  end
  return nil, why, kind
end

function request.run(ctx, job)
  local p = job.payload
  local doc, message, code = sw.store.doc(ctx.who, "steps", p.firing)
  local body = doc and doc.body
  if not doc then
    return not message and {} or nil, message, code
  elseif body.state ~= "waiting" or body.wait.n ~= p.n or body.wait.answer then
    return { over = true }
  end
  local args = body.steps[p.n].args
  if body.wait.state == "sending" and not requests.may_repeat(args) then
    return unknown(ctx, job, doc, "stopped while it was being sent")
  end
  local rule, why, kind = sources.rule_of(ctx, body)
  if not rule and kind == "stopped" then
    return answered(ctx, job, doc, { problem = why, code = kind }, "not sent")
  elseif not rule then
    return nil, why, kind
  end
  local problem = requests.problem(ctx, rule, args)
  if problem then
    return failed(ctx, job, doc, problem, "denied")
  end
  return send(ctx, job, doc, rule, args)
end

return request
