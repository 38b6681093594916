-- debounce = "10min": a rule fires when nothing new came for so long, for the newest event.
--   debounce.note(ctx, rule, e, key) --> "waits": the event replaces the one before it | "known"
--   debounce.due(ctx, job)           --> the event whose time of quiet is over, doc | nil
--   debounce.over(t, name, doc)      into the transaction that ends the wait of a rule
-- One document a rule holds the newest event; each has a job, and only that of the newest finds it. A trigger
-- on days asks for the same event at each look, so the keys that were heard are kept beside it: what was
-- heard is not new, and what a newer one took the place of is over.
local home = require("home")
local spans = require("watch_words")

local json = sw.json
local debounce = {}

local HEARD_MOST = 1000

function debounce.ms(rule)
  return rule.declaration.debounce and math.floor((spans.span_s(rule.declaration.debounce) or 0) * 1000) or 0
end

local function has(list, key)
  for _, one in ipairs(list) do
    if one == key then
      return true
    end
  end
  return false
end

local function heard(doc, key)
  local list = doc and doc.body.heard or {}
  list[#list + 1] = key
  return json.list(table.move(list, math.max(1, #list - HEARD_MOST + 1), #list, 1, {}))
end

-- An event for which the rule fired already is none that it waits for.
function debounce.note(ctx, rule, e, key)
  if sw.store.doc(ctx.who, "firing", rule.name .. "|" .. key) then
    return "known"
  end
  local doc = sw.store.doc(ctx.who, "debounce", rule.name)
  local was = doc and doc.body or {}
  if e.kind == "series" and has(was.heard or {}, key) then
    return "known"
  elseif e.kind == "series" and was.due and was.due <= e.at then
    return "waits" -- for that one, whose quiet was over before: the look after it brings this one again
  end
  local due, t = e.at + debounce.ms(rule), home.txn(ctx)
  t:doc("debounce", rule.name, json.encode { event = e.event, key = e.key, due = due,
    heard = heard(doc, e.kind == "series" and key or nil) })
  t:job { kind = "debounce", name = ("%s@%d"):format(rule.name, due), due = due,
    payload = json.encode { rule = rule.name, due = due } }
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return "waits"
end

function debounce.over(t, name, doc)
  if doc and doc.body.heard and doc.body.heard[1] then
    t:doc("debounce", name, json.encode { heard = json.list(doc.body.heard) })
  else
    t:doc_delete("debounce", name)
  end
end

function debounce.due(ctx, job)
  local doc, message, code = sw.store.doc(ctx.who, "debounce", job.payload.rule)
  if not doc then
    return nil, message, code
  elseif doc.body.due ~= job.payload.due then
    return nil
  end
  return { event = doc.body.event, key = doc.body.key, at = doc.body.due, quiet = true }, doc
end

return debounce
