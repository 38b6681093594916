-- syncwell sync: ask the services now.
--   syncwell sync   |   syncwell sync strava
local connections = require("connections")
local queue = require("queue")
local term = require("term")

local json = sw.json

local command = {
  group = "data", summary = "ask the services now", usage = "[NAME]", mutates = true,
  example = "syncwell sync\nsyncwell sync strava", options = {},
}

command.words = { NAME = "connections" }

local function one(ctx, c)
  if c.state ~= "active" and c.state ~= "error" then
    return { connection = connections.title(c), skipped = c.body.sentence or c.state,
      needs_user = c.state == "needs_user" or nil }
  end
  return queue.run_now(ctx, { kind = "sync", name = tostring(c.id), payload = json.encode { connection = c.id,
    reason = "manual" } }, function()
    sw.sys.err(("waiting for another process that syncs %s\n"):format(connections.title(c)))
  end)
end

local function say(o)
  local what = o.error or o.skipped or o.waiting
  term.line("%-20s %s", o.connection, what and sw.sys.clean(what)
    or ("%s new, %s updated, %s unchanged%s"):format(term.number(o.new), term.number(o.updated),
      term.number(o.unchanged), (o.rejected > 0 and (", %d rejected"):format(o.rejected) or "")
      .. (o.echoes and (", %d of our own left out"):format(o.echoes) or "")))
end

function command.run(ctx, words)
  if queue.is_paused(ctx) then
    return nil, "everything is paused: `syncwell resume` goes on", "failed"
  end
  local list, message, code = connections.chosen(ctx, words[1])
  if not list then
    return nil, message, code
  end
  local out, bad, theirs = json.list(), 0, 0
  for i, c in ipairs(list) do
    local o, why, kind = one(ctx, c)
    if not o then
      return nil, why, kind
    end
    out[i] = o
    bad, theirs = bad + ((o.error or o.skipped) and 1 or 0), theirs + (o.needs_user and 1 or 0)
    if not ctx.json then
      say(o)
    end
  end
  if ctx.json then
    term.line("%s", json.encode(out))
  elseif #list == 0 then
    term.line("nothing is connected yet: `syncwell providers list`, then `syncwell connect NAME`")
  end
  return bad == 0 and 0 or bad < #list and 4 or theirs == bad and 3 or 1
end

return command
