-- Channel "webhook": a JSON document posted to an address of yours.
--   config.lua: channels = { webhook = { url = "http://127.0.0.1:1880/syncwell" } }
-- The key goes along as Idempotency-Key: a receiver that honours it gets each message once.
local posting = require("posting")

local webhook = { keyed = true }

function webhook.send(ctx, key, args)
  local to = ctx.config and ctx.config.channels and ctx.config.channels.webhook or {}
  if not to.url then
    return nil, "webhook has no address: channels = { webhook = { url = \"...\" } } in config.lua", "bad"
  end
  local body = sw.json.encode { id = key, title = args.title, text = args.text, priority = args.priority,
    buttons = args.buttons or nil,
    at = sw.time.iso(sw.time.now(), 0) }
  local r, message, code, sent = posting.send { url = to.url, body = body,
    headers = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = key } }
  if not r then
    return nil, message, code, sent
  end
  return posting.judge(r)
end

return webhook
