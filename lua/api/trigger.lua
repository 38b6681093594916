-- POST /trigger/SECRET/NAME: fires rules on sw.webhook "NAME". Signed unless the rule says signed = false;
-- the same document signed at the same second is one event, however often it comes.
local home = require("home")
local post = require("post")
local rules = require("rules")
local triggers = require("triggers")
local waiting = require("waiting")

local LATE_S, MOST = 300, 65536

local function text(status, body)
  return status, { ["Content-Type"] = "text/plain" }, body .. "\n"
end

-- nil when the request is what it says, else the reason; then what it is known by when it comes again.
local function forged(ctx, request)
  local header = request.headers["x-syncwell-signature"] or ""
  local stamp, given = header:match("t=(%d+)"), header:match("v1=(%x+)")
  if not stamp or not given or #stamp > 15 then
    return "no signature"
  end
  local wanted = sw.crypto.hex(sw.crypto.hmac_sha256(post.trigger(ctx).key, stamp .. "." .. request.body))
  if not sw.crypto.equal(given:lower(), wanted) then
    return "wrong signature"
  elseif math.abs(sw.time.wall() // 1000 - tonumber(stamp)) > LATE_S then
    return "too old"
  end
  return nil, stamp .. "." .. wanted -- not the header: that has many spellings
end

return function(ctx, request, word)
  local person = post.find(word)
  local name = request.path:match("([%w_%-]+)$")
  if not person then
    return nil
  end
  local theirs = setmetatable({ who = person.id, name = person.name, zone = person.zone }, { __index = ctx })
  local trigger = triggers.webhook(assert(rules.load(theirs)), name) or waiting.webhook(theirs, name)
  if not trigger then
    return text(404, "no rule listens to this")
  elseif #request.body > MOST then
    return text(400, "a JSON object of at most 64 KB")
  end
  local why, mark
  if trigger.signed ~= false then
    why, mark = forged(theirs, request)
  end
  if why then
    sw.sys.log("warn", "http", ("a webhook '%s' was refused: %s"):format(name, why))
    return text(403, why)
  end
  local body = request.body ~= "" and sw.json.decode(request.body) or {}
  if type(body) ~= "table" then
    return text(400, "a JSON object of at most 64 KB")
  end
  mark = (mark or tostring(sw.time.wall())) .. request.body
  local t = home.txn(theirs)
  t:event(sw.json.encode { event = "webhook." .. name, group = "w" .. sw.sys.hash(mark):sub(1, 24),
    data = { kind = "webhook", name = name, body = body } })
  t:dispatch(0)
  assert(t:commit())
  sw.sys.wake("webhook")
  return text(200, "ok")
end
