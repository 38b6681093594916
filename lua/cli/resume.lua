-- syncwell resume: go on after `syncwell pause`.
local home = require("home")
local term = require("term")

local command = {
  usage = "", group = "run", summary = "go on after `pause`", example = "syncwell resume", mutates = true,
  options = {},
}

function command.run(ctx)
  local ok, message, code = home.set(ctx, "paused", {})
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"paused":false}' or "going on")
  return 0
end

return command
