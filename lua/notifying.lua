-- Before a notification goes to its channel: told already (`once_per`), gathered with others (`group`,
-- `within`), with links under it (`buttons`); and afterwards the log of deliveries.
--   notifying.held(ctx, args, about)      --> how to be done with it here | nil: send it
--   notifying.with_buttons(how, about)    --> the same how, with links in what it sends
--   notifying.log(t, job, about, state)   in the transaction that ends the action
-- about: { key, firing = its document, n, channel }
local buttons = require("buttons")
local home = require("home")
local term = require("term")

local json = sw.json
local notifying = {}

local WITHIN_S, GROUP_MOST = 600, 50

-- How long after their time what is noted of messages stays (lua/caretaker.lua forgets it).
notifying.KEPT_MS = 30 * 86400000

local function settled(state)
  return { keyed = true, send = function() return state end }
end

-- --- told already ---

local function told_name(args, about)
  return about.firing.body.rule .. "|" .. sw.sys.hash((args.title or "") .. "\n" .. args.text):sub(1, 24)
end

-- Into the transaction that ends a message which reached nobody: its words were not told.
function notifying.forget(ctx, t, args, about)
  local doc = args.once_per and sw.store.doc(ctx.who, ".told", told_name(args, about))
  if doc and doc.body.by == about.key then
    t:doc_delete(".told", doc.name)
  end
end

-- By a document for each text of a rule. Whoever put it there may send, also when it tries again.
local function told(ctx, args, about)
  local now, name = sw.time.now(), told_name(args, about)
  local doc, message, code = sw.store.doc(ctx.who, ".told", name)
  if not doc and message then
    return nil, message, code
  elseif doc and doc.body.by == about.key then
    return false
  elseif doc and now - doc.body.at < args.once_per * 1000 then
    return ("skipped: it was told %s ago already"):format(term.duration((now - doc.body.at) / 1000))
  end
  local t, span = home.txn(ctx), math.floor(args.once_per * 1000)
  t:doc(".told", name, json.encode { at = now, by = about.key }, { revision = doc and doc.revision,
    mode = not doc and "new" or nil, at = now + math.max(0, span - notifying.KEPT_MS) })
  local ok
  ok, message, code = t:commit()
  if ok then
    return false
  end
  return nil, message, code == "conflict" and "again" or code
end

-- --- gathered ---

local function group_name(args, about)
  return about.channel .. "|" .. sw.sys.clean(args.group):sub(1, 100)
end

local function has(items, key)
  for _, item in ipairs(items) do
    if item.key == key then
      return true
    end
  end
end

-- Adds it to the group that waits, or begins one; nil when the group is full and it goes alone.
local function gathered(ctx, args, about)
  local name, now = group_name(args, about), sw.time.now()
  local doc, message, code = sw.store.doc(ctx.who, ".group", name)
  if not doc and message then
    return nil, message, code
  end
  local body = doc and doc.body or { due = now + math.floor((args.within or WITHIN_S) * 1000), items = {},
    channel = about.channel }
  if not has(body.items, about.key) then
    if #body.items >= GROUP_MOST then
      return false
    end
    table.insert(body.items, { key = about.key, title = args.title, text = args.text,
      priority = args.priority })
  end
  local t = home.txn(ctx)
  t:doc(".group", name, json.encode(body), doc and { revision = doc.revision } or { mode = "new" })
  t:job { kind = "digest", name = name, due = body.due, payload = json.encode { group = name } }
  local ok
  ok, message, code = t:commit()
  if not ok then
    return nil, message, code == "conflict" and "again" or code
  end
  return "gathered: goes out at " .. sw.time.iso(body.due // 1000 * 1000, home.offset(ctx, body.due))
end

function notifying.held(ctx, args, about)
  local problem = args.buttons and buttons.problem(args.buttons)
  if problem then
    return nil, problem, "bad"
  end
  for _, step in ipairs { { args.once_per, told }, { args.group, gathered } } do
    if step[1] then
      local state, message, code = step[2](ctx, args, about)
      if state == nil then
        return nil, message, code
      elseif state then
        return settled(state)
      end
    end
  end
  return false
end

-- --- links ---

function notifying.with_buttons(how, about)
  local function send(ctx, key, args, steps)
    local list, note, code = buttons.resolved(ctx, key, args.buttons, { name = about.firing.name,
      body = about.firing.body, action = about.n })
    if not list then
      return nil, note, code
    end
    local state, why, kind, sent = how.send(ctx, key, setmetatable({ buttons = #list > 0 and list or false },
      { __index = args }), steps)
    return state == "done" and note and "done; " .. note or state, why, kind, sent
  end
  return setmetatable({ send = send }, { __index = how })
end

-- --- the log ---

function notifying.log(t, job, about, state)
  t:doc(".delivery", ("%s#%d"):format(about.firing.name, about.n), json.encode { channel = about.channel,
    attempts = job.attempts, at = sw.time.now(), outcome = state })
end

return notifying
