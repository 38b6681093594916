-- Actions of rules by name: lua/actions/<group>_<verb>.lua gives { grant, keyed, send }. What is keyed may be
-- repeated after a crash without harm; `notify` and `mqtt.publish` speak through channels (jobs/action.lua).
--   actions.get("task.add").send(ctx, key, args, steps)   --> the state for the trace | nil, message, code
local actions = {}

local known = {} -- name -> its module, or false: asked for each action of each firing

local function file_of(name)
  local file = name:match("^%l+%.%l+$") and name:gsub("%.", "_")
  return file and sw.fs.stat(("%s/lua/actions/%s.lua"):format(sw.sys.share(), file)) and file or nil
end

-- nil when there is no such file: then it is a channel's, or none of this version.
function actions.get(name)
  if type(name) ~= "string" then
    return nil
  end
  if known[name] == nil then
    local file = file_of(name)
    known[name] = file and require("actions." .. file) or false
  end
  return known[name] or nil
end

function actions.grant(name)
  local action = actions.get(name)
  return action and action.grant
end

-- The grants that actions of this folder need, for whoever checks `uses`.
function actions.grants()
  local set = {}
  for _, file in ipairs(sw.fs.list(sw.sys.share() .. "/lua/actions")) do
    local name = file:match("^(%l+_%l+)%.lua$")
    if name then
      set[require("actions." .. name).grant] = true
    end
  end
  return set
end

return actions
