-- Channel "ntfy": a push message on your phone by ntfy (https://ntfy.sh or your own server).
--   config.lua: channels = { ntfy = { url = "https://ntfy.sh/a-topic-only-you-know" } }
-- ntfy knows no keys: an answer that was lost leaves the outcome unknown (see jobs/action.lua).
local patience = require("patience")

local ntfy = { keyed = false }

local LATER = { [408] = true, [425] = true, [429] = true }

local PRIORITY = { low = "2", normal = "3", high = "4" }

local function settings(ctx)
  return ctx.config and ctx.config.channels and ctx.config.channels.ntfy or {}
end

-- A header takes one line of printable ASCII; other titles go as RFC 2047 says.
local function header_text(text)
  if not text:find("[^\32-\126]") then
    return text
  end
  local bytes = text:gsub(".", function(c)
    return ("=%02X"):format(c:byte())
  end)
  return "=?utf-8?Q?" .. bytes .. "?="
end

-- Buttons as ntfy's actions: ASCII JSON, since it goes in a header.
local function actions_of(list)
  local out = sw.json.list()
  for i, b in ipairs(list) do
    out[i] = b.post and { action = "http", label = b.text, url = b.url, method = "POST", clear = true }
      or { action = "view", label = b.text, url = b.url }
  end
  return (sw.json.encode(out):gsub(utf8.charpattern, function(c)
    local code = utf8.codepoint(c)
    if code < 128 then
      return c
    elseif code < 0x10000 then
      return ("\\u%04x"):format(code)
    end
    code = code - 0x10000
    return ("\\u%04x\\u%04x"):format(0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
  end))
end

-- 4xx means that the same message will never be taken, but for those that speak of time; 5xx that it may be
-- later.
function ntfy.judge(r)
  local status = r.status
  if status >= 200 and status < 300 then
    return "done"
  end
  local later = LATER[status] or status >= 500
  return nil, ("the server answered %d"):format(status), later and "again" or "bad", false,
    later and patience.told(r.headers, sw.time.wall()) or nil
end

function ntfy.send(ctx, _, args)
  local to = settings(ctx)
  if not to.url then
    return nil, "ntfy has no address: channels = { ntfy = { url = \"https://ntfy.sh/TOPIC\" } } in "
      .. "config.lua", "bad"
  end
  local headers = { ["Content-Type"] = "text/plain; charset=utf-8" }
  headers.Title = args.title and header_text(sw.sys.clean(args.title)) or nil
  headers.Priority = PRIORITY[args.priority or "normal"]
  headers.Actions = args.buttons and actions_of(args.buttons) or nil
  headers.Authorization = to.token and "Bearer " .. to.token or nil
  local r, message, code, sent = sw.http.request { url = to.url, method = "POST", headers = headers,
    body = sw.sys.clean(args.text, true), timeout_ms = 15000, administrator = true }
  if not r then
    return nil, message, code, sent
  end
  return ntfy.judge(r)
end

return ntfy
