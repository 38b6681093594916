-- Channel "webhook": a JSON document posted to an address of yours.
--   config.lua: channels = { webhook = { url = "http://127.0.0.1:1880/syncwell" } }
-- The key goes along as Idempotency-Key: a receiver that honours it gets each message once.
local channels = require("channels")
local http_channel = require("http_channel")

local webhook = { keyed = true, stands_in = 3, settings = {
  url = { "string", doc = "messages are posted there as JSON" },
} }

function webhook.send(ctx, key, args)
  local to = channels.of(ctx, "webhook")
  if not to.url then
    return nil, "webhook has no address: channels = { webhook = { url = \"...\" } } in config.lua", "bad"
  end
  local body = sw.json.encode { id = key, title = args.title, text = args.text, priority = args.priority,
    buttons = args.buttons or nil, at = sw.time.iso(sw.time.now(), 0) }
  return http_channel.post { url = to.url, body = body,
    headers = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = key } }
end

return webhook
