-- Rules that fail: each error is kept once and counted, with the last run that went well; a rule that fails
-- again and again is paused and its user is told. A changed file starts anew.
--   failing.settle(ctx, rule, { { at = ms, ok = true }, { at = ms, text = "...", killed = true } })
--   failing.is_paused(rule, setting)       failing.resume(ctx, "hydrate")
local home = require("home")
local notices = require("notices")

local json = sw.json
local failing = {}

local STREAK_MOST, KILL_COUNTS = 10, 3 -- a script that had to be killed cost more than one that raised
local TEXTS_MOST = 5

local good = {} -- person and rule -> when a run last went well, while all of them did in this process

local function source_of(rule)
  return sw.sys.hash(rule.source or ""):sub(1, 16)
end

local function known(ctx, rule)
  local doc = sw.store.doc(ctx.who, ".rule_error", rule.name)
  local body = doc and doc.body or {}
  if body.source ~= source_of(rule) then
    body = { source = source_of(rule), streak = 0 }
  end
  body.errors = json.list(body.errors or {})
  return body
end

-- Same sentence, one entry: how often, first and last.
local function group(list, f)
  for _, e in ipairs(list) do
    if e.text == f.text then
      e.count, e.last = e.count + 1, f.at
      return
    end
  end
  if #list >= TEXTS_MOST then
    table.remove(list, 1)
  end
  list[#list + 1] = { text = f.text, count = 1, first = f.at, last = f.at }
end

local function last_good(ctx, rule, body)
  local last = sw.store.doc(ctx.who, "rule_last", rule.name)
  return good[ctx.who .. "|" .. rule.name] or body.last_good or last and last.body.at or nil
end

local function pause(ctx, t, rule, body)
  local doc = sw.store.doc(ctx.who, "rule", rule.name)
  local setting = doc and doc.body or {}
  setting.paused = { at = sw.time.now(), source = body.source, why = body.text:match("^[^\n]*") }
  t:doc("rule", rule.name, json.encode(setting))
  notices.send(ctx, t, "rule.paused", ("%s %s"):format(rule.name, body.source), { rule = rule.name,
    times = body.streak_runs, why = setting.paused.why })
  sw.sys.log("error", "rules", ("%s is paused: it failed %d times in a row; go on with: syncwell rules "
    .. "resume %s"):format(rule.name, body.streak_runs, rule.name))
  rule.live, rule.paused = false, setting.paused
end

local function take(body, o)
  if o.ok then
    body.streak, body.streak_runs, body.last_good = 0, 0, o.at
    return
  end
  group(body.errors, o)
  body.text, body.at, body.killed = o.text, o.at, o.killed
  body.streak = (body.streak or 0) + (o.killed and KILL_COUNTS or 1)
  body.streak_runs = (body.streak_runs or 0) + 1
end

local function write(ctx, rule, body, outcomes)
  local t = home.txn(ctx)
  body.last_good = last_good(ctx, rule, body)
  for _, o in ipairs(outcomes) do
    take(body, o)
  end
  if body.streak >= STREAK_MOST and not rule.paused then
    pause(ctx, t, rule, body)
  end
  t:doc(".rule_error", rule.name, json.encode(body), { at = body.at })
  return t:commit()
end

-- After a batch: its outcomes in order, { at, ok = true } or { at, text, killed }. A rule that goes well as
-- it always did costs no write.
function failing.settle(ctx, rule, outcomes)
  local name, ill, good_at = ctx.who .. "|" .. rule.name, false, nil
  for _, o in ipairs(outcomes) do
    ill = ill or not o.ok
    good_at = o.ok and o.at or good_at
  end
  local body = (ill or not good[name]) and known(ctx, rule)
  local done, message, code = true, nil, nil
  if ill or body and (body.streak or 0) > 0 then
    done, message, code = write(ctx, rule, body, outcomes)
  end
  good[name] = not ill and good_at or nil -- after a failure the row is looked at again
  return done, message, code
end

-- A pause holds for the source that failed; a file that was changed since is tried again.
function failing.is_paused(rule, setting)
  return setting.paused and setting.paused.source == source_of(rule) and setting.paused or nil
end

function failing.resume(ctx, rule)
  local doc = sw.store.doc(ctx.who, "rule", rule.name)
  local setting, t = doc and doc.body or {}, home.txn(ctx)
  setting.paused = nil
  t:doc("rule", rule.name, json.encode(setting))
  t:doc_delete(".rule_error", rule.name)
  return t:commit()
end

return failing
