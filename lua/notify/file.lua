-- Channel "file": one line a notification in HOME/notifications.log (or channels.file.path).
-- Each line carries its key: a line that is there already is not written again, so it is exactly once.
local channels = require("channels")

local file = { keyed = true, settings = {
  path = { "string", doc = "a file, a line a message", default = "notifications.log of the home" },
} }

local TAIL = 65536

function file.path(ctx)
  return channels.of(ctx, "file").path or ctx.home .. "/notifications.log"
end

function file.send(ctx, key, args)
  local path = file.path(ctx)
  local text, why, kind = sw.fs.tail(path, TAIL)
  if not text then
    return nil, why, kind
  elseif text:find(key, 1, true) then
    return "done"
  end
  -- a kill in the middle of a line leaves no line break: start a fresh one
  local lead = text ~= "" and text:sub(-1) ~= "\n" and "\n" or ""
  local line = ("%s  %s%s  [%s]\n"):format(sw.time.iso(sw.time.now(),
    sw.time.offset(ctx.zone, sw.time.now())),
    args.title and sw.sys.clean(args.title) .. ": " or "", sw.sys.clean(args.text), key)
  local ok, message, code = sw.fs.append(path, lead .. line)
  if not ok then
    return nil, message, code
  end
  return "done"
end

return file
