-- debounce = "10min": a rule fires when nothing new came for so long, for the newest event.
--   debounce.note(ctx, rule, e, key) --> "waits": the event replaces the one before it | "known"
--   debounce.due(ctx, job)           --> the event whose time of quiet is over | nil
-- One document a rule holds the newest event; each has a job, and only that of the newest finds it.
local home = require("home")
local spans = require("watch_words")

local json = sw.json
local debounce = {}

function debounce.ms(rule)
  return rule.declaration.debounce and math.floor((spans.span_s(rule.declaration.debounce) or 0) * 1000) or 0
end

-- An event for which the rule fired already is none that it waits for.
function debounce.note(ctx, rule, e, key)
  if sw.store.doc(ctx.who, "firing", rule.name .. "|" .. key) then
    return "known"
  end
  local due, t = e.at + debounce.ms(rule), home.txn(ctx)
  t:doc("debounce", rule.name, json.encode { event = e.event, key = e.key, due = due })
  t:job { kind = "debounce", name = ("%s@%d"):format(rule.name, due), due = due,
    payload = json.encode { rule = rule.name, due = due } }
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return "waits"
end

function debounce.due(ctx, job)
  local doc, message, code = sw.store.doc(ctx.who, "debounce", job.payload.rule)
  if not doc then
    return nil, message, code
  elseif doc.body.due ~= job.payload.due then
    return nil
  end
  return { event = doc.body.event, key = doc.body.key, at = doc.body.due, quiet = true }
end

return debounce
