-- Buttons under a notification: what they do, their links, and what a press does. A link is signed with a
-- key of the person, good for a week and for one press; the page behind it acts on POST alone, so that
-- programs which look into mails press nothing.
--   ctx.notify { text = "Drink", buttons = { { text = "Done", task = "Drink" }, { text = "Later",
--     snooze = "30min" }, { text = "Log it", fire = "log_water" }, { text = "Hard", tag = "hard" } } }
--   buttons.resolved(ctx, key, args, firing) --> { { text, url, post } ... }, a note for the trace | nil
--   buttons.press(ctx, mark)                 --> a sentence | nil, message, code
local home = require("home")
local outlets = require("outlets")
local tasks = require("tasks")
local vault = require("vault")

local json = sw.json
local buttons = {}

local MOST, WEEK_MS, LEAST_S, MOST_S = 3, 7 * 86400000, 60, 7 * 86400
local KEY = "buttons"
local units = { s = 1, min = 60, h = 3600, d = 86400 }
local verbs = { "fire", "task", "tag", "snooze", "url" }

local function seconds(text)
  local n, unit = tostring(text):match("^(%d+%.?%d*)%s*(%a+)$")
  return n and units[unit] and math.floor(tonumber(n) * units[unit]) or nil
end

local function verb_of(b)
  local found
  for _, verb in ipairs(verbs) do
    if b[verb] ~= nil then
      if found then
        return nil
      end
      found = verb
    end
  end
  return type(b[found]) == "string" and found or nil
end

local function problem_of(b)
  local verb = type(b) == "table" and type(b.text) == "string" and b.text ~= "" and verb_of(b)
  if not verb then
    return "a button is { text = ..., and one of fire, task, tag, snooze, url }"
  elseif #b.text > 60 then
    return "the text of a button has at most 60 bytes"
  elseif verb == "url" and not b.url:find("^https?://[^%s%c]+$") then
    return ("the url of button '%s' is no address such as https://example.org"):format(sw.sys.clean(b.text))
  elseif verb == "tag" and (#b.tag > 60 or b.tag:find("[%s,%c]") or b.tag == "") then
    return ("button '%s': '%s' is no tag: one word of at most 60 bytes"):format(sw.sys.clean(b.text),
      sw.sys.clean(b.tag))
  elseif verb == "snooze" then
    local s = seconds(b.snooze)
    return not (s and s >= LEAST_S and s <= MOST_S)
      and ("button '%s': snooze is a span from 1min to 7d"):format(sw.sys.clean(b.text)) or nil
  end
end

-- nil when all is well, else what is wrong with the buttons of a notification.
function buttons.problem(list)
  if #list > MOST then
    return ("a message has at most %d buttons"):format(MOST)
  end
  for _, b in ipairs(list) do
    local problem = problem_of(b)
    if problem then
      return problem
    end
  end
end

local needs = { fire = "rule:fire", task = "task:write", tag = "record:write" }

-- The grant that a button would need and its rule does not have; nil when there is none.
function buttons.lacks(list, uses)
  local has = {}
  for _, grant in ipairs(uses or {}) do
    has[grant] = true
  end
  for _, b in ipairs(type(list) == "table" and list or {}) do
    for verb, grant in pairs(needs) do
      if type(b) == "table" and b[verb] ~= nil and not has[grant] then
        return grant
      end
    end
  end
end

-- What is said of a button whose rule lacks a grant.
function buttons.ungranted(grant)
  return ("a button that %s needs the line: uses = { ..., \"%s\" },"):format(
    grant == "rule:fire" and "fires a rule" or grant == "task:write" and "ends a task" or "tags", grant)
end

-- --- links ---

function buttons.mark(token)
  return sw.crypto.hex(sw.crypto.sha256("button:" .. token))
end

-- The key of the links, made once. That of webhooks is none: whoever may send those has it.
local function key_of(ctx)
  local kept, message, code = vault.get(ctx, KEY)
  if kept or type(message) == "string" then
    return kept and kept.secrets.key, message, code
  end
  local secrets = { key = sw.crypto.hex(sw.crypto.random(24)) }
  local t = home.txn(ctx)
  vault.put(t, ctx, KEY, { secrets = secrets })
  local ok
  ok, message, code = t:commit()
  return ok and secrets.key, message, code
end

local function token_of(ctx, key, i)
  local secret, message, code = key_of(ctx)
  if not secret then
    return nil, message, code
  end
  return sw.crypto.base64(sw.crypto.hmac_sha256(secret, ("button:%s#%d"):format(key, i)), true)
end

-- A repeat of the action finds what it stored before, pressed or not.
local function link(ctx, key, i, b, firing)
  local token, message, code = token_of(ctx, key, i)
  if not token then
    return nil, message, code
  end
  local t = home.txn(ctx)
  t:doc(".button", buttons.mark(token), json.encode { firing = firing.name, rule = firing.body.rule, n = i,
    button = b, action = firing.action, ends = sw.time.wall() + WEEK_MS }, { mode = "new" })
  local ok
  ok, message, code = t:commit()
  if not ok and code ~= "conflict" then
    return nil, message, code
  end
  return ctx.config.public_url:gsub("/+$", "") .. "/button/" .. token
end

-- firing: { name, body, action = the number of the notification in it }
function buttons.resolved(ctx, key, list, firing)
  local out, note = {}, nil
  for i, b in ipairs(list) do
    if b.url then
      out[#out + 1] = { text = sw.sys.clean(b.text), url = b.url }
    elseif not (ctx.config and ctx.config.public_url) then
      note = "buttons need public_url in config.lua"
    else
      local address, message, code = link(ctx, key, i, b, firing)
      if not address then
        return nil, message, code
      end
      out[#out + 1] = { text = sw.sys.clean(b.text), url = address, post = true }
    end
  end
  return out, note
end

-- --- a press ---

-- The person and the document behind a link; nil for one that is wrong or too old.
function buttons.find(token)
  local mark = buttons.mark(token)
  for _, p in ipairs(sw.store.people() or {}) do
    local doc = sw.store.doc(p.id, ".button", mark)
    if doc then
      return doc.body.ends > sw.time.wall() and p or nil, doc
    end
  end
end

-- A firing of the button's own, with one action that is due at `due`.
local function follow(ctx, t, doc, action, due)
  local b, now = doc.body, sw.time.now()
  local key = ("%s button %d.%d"):format(b.firing:match("|(.*)$") or "", b.action, b.n)
  local name = b.rule .. "|" .. key
  t:doc("firing", name, json.encode { rule = b.rule, key = key, at = sw.time.iso(now, home.offset(ctx, now)),
    event = { kind = "button", type = b.button.text, id = key }, outcome = "fired", log = json.list(),
    chain = json.list { b.firing }, actions = json.list { action } }, { mode = "new", at = now })
  t:job(outlets.job(ctx, name, 1, action, due))
end

local press = {}

function press.snooze(ctx, t, doc)
  local was = sw.store.doc(ctx.who, "firing", doc.body.firing)
  local a = was and was.body.actions[doc.body.action]
  if not a then
    return nil, "the message of this button is gone", "bad"
  end
  local due = sw.time.now() + seconds(doc.body.button.snooze) * 1000
  local args = {}
  for k, v in pairs(a.args) do
    args[k] = v
  end
  args.at, args.once_per, args.group, args.if_past = due, nil, nil, "now"
  follow(ctx, t, doc, { action = "notify", args = args, state = "planned" }, due)
  return ("You will be reminded in %s."):format(doc.body.button.snooze)
end

-- The rule it fires is told which button it was, and which record the message was about.
function press.fire(ctx, t, doc)
  local was = sw.store.doc(ctx.who, "firing", doc.body.firing)
  follow(ctx, t, doc, { action = "rule.fire", state = "planned", args = { rule = doc.body.button.fire,
    event = { button = doc.body.button.text, firing = doc.body.firing,
      id = was and was.body.event and was.body.event.group or nil } } }, sw.time.now())
  return "Done."
end

-- The record that fired the rule gets the tag.
function press.tag(ctx, t, doc)
  local was = sw.store.doc(ctx.who, "firing", doc.body.firing)
  local id = was and was.body.event and was.body.event.group
  if not id then
    return nil, "the record of this button is gone", "bad"
  end
  follow(ctx, t, doc, { action = "record.tag", state = "planned", args = { id = id,
    tag = doc.body.button.tag } }, sw.time.now())
  return ("Noted: %s."):format(doc.body.button.tag)
end

-- The open task of that title, or whose id it is.
function press.task(ctx)
  return function(doc)
    for _, task in ipairs(tasks.list(ctx) or {}) do
      if not task.done and (task.title == doc.body.button.task or task.id == doc.body.button.task) then
        return tasks.done(ctx, task.id) and ("Done: %s."):format(task.title)
      end
    end
    return "That task is not open any more."
  end
end

-- Once: the press is marked in the transaction that does what it does.
function buttons.press(ctx, doc)
  if doc.body.pressed then
    return "This was pressed already."
  end
  local b, t = doc.body, home.txn(ctx)
  local verb = verb_of(b.button)
  local said, message, code = press[verb](ctx, t, doc)
  if not said then
    return nil, message, code
  end
  b.pressed = sw.time.wall()
  t:doc(".button", doc.name, json.encode(b), { revision = doc.revision })
  local ok
  ok, message, code = t:commit()
  if not ok and code == "conflict" then
    return "This was pressed already."
  elseif not ok then
    return nil, message, code
  end
  sw.sys.wake("button")
  return type(said) == "function" and said(doc) or said
end

return buttons
