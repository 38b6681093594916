-- Firings of one rule at a time: mode = "single" (others do not fire), "restart" (the newest takes over),
-- "queued" (one after another). A key fires once, so it is the rule whose firings meet, while they wait.
--   local m = modes.read(ctx, rule)     --> nil, or { active = { name ... }, queue = { name ... } }
--   modes.enter(t, m, name)   modes.leave(t, m, name) --> the next of the queue
-- Who is under way stands in one document a rule, written with its revision: two engines never both begin.
local json = sw.json
local modes = {}

function modes.read(ctx, rule)
  local mode = rule.declaration.mode
  if not mode or mode == "parallel" then
    return nil
  end
  return modes.held(ctx, rule.name) or { rule = rule.name, active = {}, queue = {} }
end

-- Who is under way, whatever the rule says now (it may be gone); nil when nobody ever minded.
function modes.held(ctx, name)
  local doc = sw.store.doc(ctx.who, "rule_active", name)
  return doc and { rule = name, active = doc.body.active or {}, queue = doc.body.queue or {},
    revision = doc.revision }
end

local function write(t, m)
  t:doc("rule_active", m.rule, json.encode { active = json.list(m.active), queue = json.list(m.queue) },
    m.revision and { revision = m.revision } or { mode = "new" })
end

local function has(list, name)
  for i, one in ipairs(list) do
    if one == name then
      return i
    end
  end
end

-- The firing begins; alone: it took the place of the others (name nil: and is over already).
function modes.enter(t, m, name, alone)
  if alone then
    m.active = {}
  end
  m.active[#m.active + 1] = not has(m.active, name) and name or nil
  write(t, m)
end

function modes.queue(t, m, name)
  m.queue[#m.queue + 1] = name
  write(t, m)
end

-- These are erased; gives who goes on where none of those under way is left.
function modes.forget(t, m, names)
  local function others(list)
    local out = {}
    for _, name in ipairs(list) do
      out[#out + 1] = not names[name] and name or nil
    end
    return out
  end
  local active, queue = others(m.active), others(m.queue)
  if #active == #m.active and #queue == #m.queue then
    return nil
  end
  m.active, m.queue = active, queue
  local next_one = #active == 0 and table.remove(queue, 1) or nil
  active[#active + 1] = next_one
  write(t, m)
  return next_one
end

-- It is over: gives who goes on in its place.
function modes.leave(t, m, name)
  local at, waits = has(m.active, name), has(m.queue, name)
  if not at and not waits then
    return nil
  elseif waits then
    table.remove(m.queue, waits)
  else
    table.remove(m.active, at)
  end
  local next_one = at and #m.active == 0 and table.remove(m.queue, 1) or nil
  m.active[#m.active + 1] = next_one
  write(t, m)
  return next_one
end

return modes
