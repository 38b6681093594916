-- syncwell pause: nothing is asked, fired or sent until `syncwell resume`.
local home = require("home")
local term = require("term")

local command = {
  usage = "", group = "run", summary = "hold everything until `resume`", example = "syncwell pause",
  mutates = true,
  doc = "Jobs wait, nothing is lost: rules fire for what comes later by their own max_age.", options = {},
}

function command.run(ctx)
  local ok, message, code = home.set(ctx, "paused", { at = sw.time.now() })
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"paused":true}' or "paused; `syncwell resume` goes on")
  return 0
end

return command
