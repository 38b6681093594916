-- Channel "ntfy": a push message on your phone by ntfy (https://ntfy.sh or your own server).
--   config.lua: channels = { ntfy = { url = "https://ntfy.sh/a-topic-only-you-know" } }
-- ntfy knows no keys: an answer that was lost leaves the outcome unknown (see jobs/action.lua).
local channels = require("channels")
local http_channel = require("http_channel")

local ntfy = { keyed = false, stands_in = 1, settings = {
  url = { "string", doc = "a topic of ntfy: https://ntfy.sh/TOPIC" },
  token = { "string", doc = "of a topic that wants one" },
} }

local PRIORITY = { low = "2", normal = "3", high = "4" }

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

-- An answer of 200 that is none of ntfy's: the page of a network that wants a sign-in first, or an error that
-- somebody between us put into it.
local function lie(r)
  local body = r.body:find("^%s*{") and sw.json.decode(r.body)
  if type(body) == "table" and type(body.error) == "string" then
    return "the server answered: " .. sw.sys.clean(body.error):sub(1, 200)
  elseif r.body:find("^%s*<") then
    return "a web page answered, not ntfy: something stands before the server, or the address is not its own"
  end
end

function ntfy.send(ctx, _, args)
  local to = channels.of(ctx, "ntfy")
  if not to.url then
    return nil, "ntfy has no address: channels = { ntfy = { url = \"https://ntfy.sh/TOPIC\" } } in "
      .. "config.lua", "bad"
  end
  local headers = { ["Content-Type"] = "text/plain; charset=utf-8" }
  headers.Title = args.title and header_text(sw.sys.clean(args.title)) or nil
  headers.Priority = PRIORITY[args.priority or "normal"]
  headers.Actions = args.buttons and actions_of(args.buttons) or nil
  headers.Authorization = to.token and "Bearer " .. to.token or nil
  return http_channel.post({ url = to.url, headers = headers, body = sw.sys.clean(args.text, true) }, lie)
end

return ntfy
