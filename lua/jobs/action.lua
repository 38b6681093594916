-- Job "action": performs one action of a firing. The intent stands in the firing before anything is
-- sent; each action has a key of its own, so that doing it again changes nothing.
-- payload: { firing = "rule|key", n = 1 }
local calendar = require("calendar")
local home = require("home")

local json = sw.json
local action = {}

local perform = {}

perform["calendar.add"] = calendar.add

function perform.notify(ctx, key, args)
  local channel = args.channel or "file"
  if not channel:find("^%l[%l_]*$") or not sw.fs.stat(sw.sys.share() .. "/lua/notify/" .. channel
    .. ".lua") then
    return nil, ("there is no channel '%s' (file, log)"):format(channel), "bad"
  end
  if args.at and args.at < sw.time.now() - 60000 and args.if_past ~= "now" then
    return "skipped: its time had passed"
  end
  return require("notify." .. channel).send(ctx, key, args)
end

local function settle(ctx, job, doc, n, state)
  local t = home.txn(ctx)
  doc.body.actions[n].state = state
  t:doc("firing", doc.name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
  job:finish(t, state, {})
  return t
end

-- The body as it came from the store loses what marks empty lists; give that back.
local function listed(doc)
  doc.body.actions, doc.body.log = json.list(doc.body.actions), json.list(doc.body.log)
  return doc
end

function action.run(ctx, job)
  local p = job.payload
  local doc, message, code = sw.store.doc(ctx.who, "firing", p.firing)
  if not doc then
    return nil, message or "the firing of this action is gone", code or "bad"
  end
  local a = listed(doc).body.actions[p.n]
  local key = sw.sys.hash(("%s:%s#%d"):format(ctx.name, p.firing, p.n)):sub(1, 32)
  local run = perform[a.action]
  if a.state ~= "planned" then
    return { state = a.state }
  elseif not run then
    return nil, ("action '%s' cannot be performed by this version"):format(a.action), "bad"
  end
  local state, why, kind = run(ctx, key, a.args)
  if not state then
    if kind == "bad" then
      local t = settle(ctx, job, doc, p.n, "failed: " .. why)
      local ok, m, c = t:commit()
      return ok and { state = "failed" } or nil, m, c
    end
    return nil, why, kind
  end
  local t = settle(ctx, job, doc, p.n, state)
  local done
  done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return { state = state }
end

return action
