-- Job "action": performs one action of a firing. The intent stands in the firing before anything is
-- sent; each action has a key of its own, so that doing it again changes nothing.
-- payload: { firing = "rule|key", n = 1, beside = it leaves the machine }
local actions = require("actions")
local channels = require("channels")
local firing = require("firing")
local home = require("home")
local notifying = require("notifying")
local outlets = require("outlets")
local wording = require("wording")

local json = sw.json
local action = {}

-- A way to send that sees the channel's secrets.
local function opened(ctx, name, open)
  local own, why, code = channels.with_secrets(ctx, name)
  if not own then
    return nil, why, code
  end
  local how = open(own)
  return setmetatable({ outlet = name, send = function(_, ...) return how.send(own, ...) end },
    { __index = how })
end

local function channel_of(ctx, args)
  local name = outlets.name(ctx, args)
  if not channels.known(name) then
    return nil, ("there is no channel '%s' (%s)"):format(name, table.concat(channels.names(), ", ")), "bad"
  end
  local channel = require("notify." .. name)
  return opened(ctx, name, function(own)
    return channel.open and channel.open(own, args) or channel
  end)
end

-- How each action is done: keyed ones may be repeated, the others only when they say so. What is not here
-- is in lua/actions/.
local perform = {}

function perform.notify(ctx, args, about)
  local anew = about.firing.body.actions[about.n].again -- a person wants it, however late
  if args.at and args.at < sw.time.now() - 60000 and args.if_past ~= "now" and not anew then
    return { keyed = true, send = function() return "skipped: its time had passed" end }
  end
  local name = outlets.name(ctx, args)
  about.channel = channels.known(name) and name or nil -- a name a script made up is no channel that fares ill
  local how, why, code = notifying.held(ctx, args, about)
  if how ~= false then
    about.channel = nil -- no matter of the channel
    return how, why, code
  end
  how, why, code = channel_of(ctx, args)
  return how and args.buttons and notifying.with_buttons(how, about) or how, why, code
end

perform["mqtt.publish"] = function(ctx, args)
  return opened(ctx, "mqtt", function(own)
    return require("notify.mqtt").action(own, args)
  end)
end

-- The body as it came from the store loses what marks empty lists; give that back.
local function listed(doc)
  doc.body.actions, doc.body.log = json.list(doc.body.actions), json.list(doc.body.log)
  return doc
end

-- A firing that waits grows while its actions are done: take what was added, keep what is known of ours.
-- nil when nothing was: then it is the lease that was lost.
local function take_growth(ctx, doc, n)
  local new = sw.store.doc(ctx.who, "firing", doc.name)
  if not new or new.revision == doc.revision then
    return nil
  end
  local memo = doc.body.actions[n].memo
  doc.body, doc.revision = listed(new).body, new.revision
  doc.body.actions[n].memo = memo
  return true
end

-- Write the state of the action; with `finish` the job ends in the same transaction. `more` may add to it.
local function set_state(ctx, job, doc, n, state, finish, more)
  local t = home.txn(ctx)
  doc.body.actions[n].state = state
  if finish then
    doc.body.actions[n].memo = nil
  end
  if more then
    more(t)
  end
  t:doc("firing", doc.name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
  if finish and doc.body.actions[n].action == "notify" then
    notifying.log(t, job, { firing = doc, n = n,
      channel = outlets.name(ctx, doc.body.actions[n].args) }, state)
  end
  if finish then
    job:finish(t, state, {})
  else
    job:keep(t, state)
  end
  local done, message, code = t:commit()
  if not done and code == "conflict" and take_growth(ctx, doc, n) then
    job.finished = nil
    return set_state(ctx, job, doc, n, state, finish, more)
  elseif not done then
    return nil, message, code
  end
  doc.revision = doc.revision + 1
  return { state = state }
end

-- A word about a channel that does not arrive either is not told of.
local function lose(t, ctx, outlet, doc, why)
  if outlet then
    outlets.lost(t, ctx, outlet, why, doc.body.event.type == "channel.failing")
  end
end

-- Nobody knows whether it arrived: sent again only if the rule said so, else shown as it is.
local function unknown(ctx, job, doc, n, why, outlet)
  return set_state(ctx, job, doc, n, "outcome unknown" .. (why and ": " .. why or ""), true, function(t)
    lose(t, ctx, outlet, doc, why or "its outcome is unknown")
  end)
end

-- It will not arrive, also not later; what it would have said once may be said again. about: { args, key,
-- outlet = the channel where it is the channel's matter }
local function failed(ctx, job, doc, n, why, about)
  return set_state(ctx, job, doc, n, "failed: " .. why, true, function(t)
    if doc.body.actions[n].action == "notify" then
      notifying.forget(ctx, t, about.args, { key = about.key, firing = doc })
    end
    lose(t, ctx, about.outlet, doc, why)
  end)
end

-- For channels that take several steps: what they remember is stored before they go on, and given back
-- to whoever repeats the action.
local function steps_of(ctx, job, doc, n)
  local steps = { memo = doc.body.actions[n].memo, firing = doc }
  function steps.remember(memo, more)
    doc.body.actions[n].memo = memo
    return set_state(ctx, job, doc, n, "sending", false, more)
  end
  return steps
end

-- The channel takes nothing now: noted, and when it may be tried again.
local function rested(ctx, outlet, why, wait_ms)
  local t = home.txn(ctx)
  local due = outlets.failed(t, ctx, outlet, why, wait_ms)
  return t:commit() and due or nil
end

-- What did not go through: over when nobody knows or nobody will try again, else it waits.
local function not_sent(ctx, job, doc, n, how, f)
  local a = doc.body.actions[n]
  local due = how.outlet and rested(ctx, how.outlet, f.why, f.wait_ms)
  if f.sent and not how.keyed and a.args.on_unknown ~= "resend" then
    return unknown(ctx, job, doc, n, f.why, how.outlet)
  elseif job.is_last then
    return failed(ctx, job, doc, n, ("given up after %d tries: %s"):format(job.attempts, f.why), f.about)
  elseif a.state == "sending" and not f.sent then
    local ok, message, code = set_state(ctx, job, doc, n, "planned") -- it never left: try again later
    if not ok then
      return nil, message, code
    end
  end
  return nil, f.why, f.kind, due
end

local function send(ctx, job, doc, n, how, key, args)
  local a, outlet = doc.body.actions[n], how.outlet
  local about = { args = args, key = key, outlet = outlet }
  if not how.keyed and a.state == "planned" then
    local ok, message, code = set_state(ctx, job, doc, n, "sending")
    if not ok then
      return nil, message, code
    end
  end
  local state, why, kind, sent, wait_ms = how.send(ctx, key, args, steps_of(ctx, job, doc, n))
  if state then
    return set_state(ctx, job, doc, n, state, true, outlet and function(t) outlets.went(t, outlet) end)
  elseif kind == "bad" then
    return failed(ctx, job, doc, n, why, about)
  elseif kind == "lost" and a.args.on_unknown ~= "resend" then
    return unknown(ctx, job, doc, n, why, outlet)
  elseif kind == "lost" then
    a.memo = nil -- as a new message
  end
  return not_sent(ctx, job, doc, n, how, { why = why, kind = kind, sent = sent, wait_ms = wait_ms,
    about = about })
end

-- In the turn of its channel. While it waited for that, what it tells of may have been erased, or another
-- process took it over.
local function in_turn(ctx, job, doc, n, how, key, args)
  if not how.outlet then
    return send(ctx, job, doc, n, how, key, args)
  end
  local _ <close>, waited = outlets.enter(ctx, how.outlet)
  if waited then
    local t = home.txn(ctx)
    job:keep(t, "its turn")
    local ours, why, code = t:commit()
    if not ours then
      return nil, why, code
    end
  end
  local rests, why = outlets.rests_until(ctx, how.outlet)
  if rests then
    return nil, why, "rests", rests
  end
  return send(ctx, job, doc, n, how, key, args)
end

function action.run(ctx, job)
  local p = job.payload
  local doc, message, code = sw.store.doc(ctx.who, "firing", p.firing)
  if not doc then
    return nil, message or "the firing of this action is gone", code or "bad"
  end
  local a = listed(doc).body.actions[p.n]
  local key = firing.action_key(ctx, p.firing, p.n)
  if a.state ~= "planned" and a.state ~= "sending" then
    return { state = a.state }
  elseif not perform[a.action] and not actions.get(a.action) then
    return nil, ("action '%s' cannot be performed by this version"):format(a.action), "bad"
  end
  local open, how, why = perform[a.action], actions.get(a.action), nil
  local args = a.action == "notify" and wording.apply(ctx, doc.body.rule, a.args) or a.args
  local about = { key = key, firing = doc, n = p.n }
  if open then
    how, why, code = open(ctx, args, about)
  end
  if not how and code and code ~= "bad" then
    return nil, why, code
  elseif not how then
    return failed(ctx, job, doc, p.n, why, { args = args, key = key, outlet = about.channel })
  elseif a.state == "sending" and not how.keyed and a.args.on_unknown ~= "resend" then
    return unknown(ctx, job, doc, p.n, "stopped while it was being sent", how.outlet)
  end
  return in_turn(ctx, job, doc, p.n, how, key, args)
end

return action
