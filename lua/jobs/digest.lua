-- Job "digest": what was gathered in a group (notifying.lua) goes out as one message.
-- payload: { group = "ntfy|sync" }
local home = require("home")
local outlets = require("outlets")

local json = sw.json
local digest = {}

local rank = { low = 1, normal = 2, high = 3 }

local function loudest(items)
  local most = "low"
  for _, item in ipairs(items) do
    local p = item.priority or "normal"
    most = rank[p] > rank[most] and p or most
  end
  return most
end

local function message_of(items)
  if #items == 1 then
    return items[1].title, items[1].text
  end
  local lines = {}
  for i, item in ipairs(items) do
    lines[i] = (item.title and item.title .. ": " or "") .. item.text
  end
  return ("%d messages"):format(#items), table.concat(lines, "\n")
end

function digest.run(ctx, job)
  local doc, message, code = sw.store.doc(ctx.who, ".group", job.payload.group)
  if not doc then
    return not message and { sent = 0 } or nil, message, code
  end
  local items, now = doc.body.items, sw.time.now()
  local title, text = message_of(items)
  local key = ("gathered %s %d"):format(job.payload.group, doc.body.due)
  local name = "syncwell|" .. key
  local t = home.txn(ctx)
  t:doc("firing", name, json.encode { rule = "syncwell", key = key, at = sw.time.iso(now, home.offset(ctx,
    now)), event = { kind = "notice", type = "gathered", id = key }, outcome = "fired", log = json.list(),
    actions = json.list { { action = "notify", state = "planned", args = { title = title, text = text,
      channel = doc.body.channel, priority = loudest(items) } } } }, { mode = "new", at = now })
  t:job(outlets.job(ctx, name, 1, { action = "notify", args = { channel = doc.body.channel } }, now))
  t:doc_delete(".group", doc.name)
  job:finish(t, "done", { sent = #items })
  local ok
  ok, message, code = t:commit()
  return ok and { sent = #items } or nil, message, code
end

return digest
