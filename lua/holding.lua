-- Holding all rules of a person (`syncwell rules pause`, or a switch of Home Assistant), while syncs, imports
-- and what was planned already go on. What happens meanwhile fires nothing later.
--   holding.is(ctx)   holding.hold(ctx)   holding.go_on(ctx)
-- It is a setting of the rule "*", which no file can be called, so that whoever keeps rules sees the change.
local home = require("home")

local json = sw.json
local holding = { NAME = "*" }

function holding.is(ctx)
  local doc = sw.store.doc(ctx.who, "rule", holding.NAME)
  return doc ~= nil and doc.body.held ~= nil
end

local function put(ctx, body)
  local t = home.txn(ctx)
  t:doc("rule", holding.NAME, json.encode(body))
  return t:commit()
end

function holding.hold(ctx)
  return put(ctx, { held = sw.time.now() })
end

-- Planned instants begin anew: those that went by are not made up for.
function holding.go_on(ctx)
  local ok, message, code = put(ctx, {})
  if not ok then
    return nil, message, code
  end
  local rules = require("rules") -- which asks us while it loads
  local all
  all, message, code = rules.load(ctx)
  if not all then
    return nil, message, code
  end
  return rules.plan(ctx, all, sw.time.now())
end

return holding
