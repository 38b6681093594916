-- Job "action": performs one action of a firing. The intent stands in the firing before anything is
-- sent; each action has a key of its own, so that doing it again changes nothing.
-- payload: { firing = "rule|key", n = 1 }
local actions = require("actions")
local channels = require("channels")
local firing = require("firing")
local home = require("home")
local notifying = require("notifying")
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
  return setmetatable({ send = function(_, ...) return how.send(own, ...) end }, { __index = how })
end

-- The channel of a notification: its own word, else the home's default, else the file.
local function channel_name(ctx, args)
  return args.channel or (ctx.config and ctx.config.channels or {}).default or "file"
end

local function channel_of(ctx, args)
  local name = channel_name(ctx, args)
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
  if args.at and args.at < sw.time.now() - 60000 and args.if_past ~= "now" then
    return { keyed = true, send = function() return "skipped: its time had passed" end }
  end
  about.channel = channel_name(ctx, args)
  local how, why, code = notifying.held(ctx, args, about)
  if how ~= false then
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
      channel = channel_name(ctx, doc.body.actions[n].args) }, state)
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

-- Nobody knows whether it arrived: sent again only if the rule said so, else shown as it is.
local function unknown(ctx, job, doc, n, why)
  return set_state(ctx, job, doc, n, "outcome unknown" .. (why and ": " .. why or ""), true)
end

-- It will not arrive, also not later; what it would have said once may be said again.
local function failed(ctx, job, doc, n, why, args, key)
  return set_state(ctx, job, doc, n, "failed: " .. why, true, function(t)
    if doc.body.actions[n].action == "notify" then
      notifying.forget(ctx, t, args, { key = key, firing = doc })
    end
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

local function send(ctx, job, doc, n, how, key, args)
  local a = doc.body.actions[n]
  if not how.keyed and a.state == "planned" then
    local ok, message, code = set_state(ctx, job, doc, n, "sending")
    if not ok then
      return nil, message, code
    end
  end
  local state, why, kind, sent = how.send(ctx, key, args, steps_of(ctx, job, doc, n))
  if state then
    return set_state(ctx, job, doc, n, state, true)
  elseif kind == "bad" then
    return failed(ctx, job, doc, n, why, args, key)
  elseif how.keyed or a.args.on_unknown == "resend" then
    return nil, why, kind
  elseif sent then
    return unknown(ctx, job, doc, n, why)
  end
  local ok, message, code = set_state(ctx, job, doc, n, "planned") -- it never left: try again later
  if not ok then
    return nil, message, code
  end
  return nil, why, kind
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
  if open then
    how, why, code = open(ctx, args, { key = key, firing = doc, n = p.n })
  end
  if not how and code and code ~= "bad" then
    return nil, why, code
  elseif not how then
    return failed(ctx, job, doc, p.n, why, args, key)
  elseif a.state == "sending" and not how.keyed and a.args.on_unknown ~= "resend" then
    return unknown(ctx, job, doc, p.n, "stopped while it was being sent")
  end
  return send(ctx, job, doc, p.n, how, key, args)
end

return action
