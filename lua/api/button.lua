-- /button/TOKEN: the link under a notification. GET shows what it would do, POST does it, once.
local buttons = require("buttons")

local function escaped(text)
  return (text:gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
    ["'"] = "&#39;" }))
end

local function page(status, text, form)
  return status, { ["Content-Type"] = "text/html; charset=utf-8", ["Cache-Control"] = "no-store",
    ["Referrer-Policy"] = "no-referrer",
    ["Content-Security-Policy"] = "default-src 'none'; form-action 'self'; frame-ancestors 'none'" },
    ("<!doctype html><meta name=viewport content=\"width=device-width\"><title>SyncWell</title><p>%s</p>%s\n")
      :format(escaped(text), form or "")
end

return function(ctx, request, token)
  local person, doc = buttons.find(token)
  if not person then
    return page(404, doc and "This link is too old." or "There is nothing at this address.")
  elseif request.method == "GET" and doc.body.pressed then
    return page(200, "This was pressed already.")
  elseif request.method == "GET" then
    return page(200, "One tap more:", ("<form method=post><button>%s</button></form>"):format(
      escaped(doc.body.button.text)))
  end
  local theirs = setmetatable({ who = person.id, name = person.name, zone = person.zone }, { __index = ctx })
  local said, message = buttons.press(theirs, doc)
  if not said then
    sw.sys.log("error", "http", "a button: " .. tostring(message))
    return page(500, "That did not work; the log says why.")
  end
  return page(200, said)
end
