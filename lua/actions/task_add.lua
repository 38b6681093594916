-- ctx.task.add { title = "Order strips", due = ctx.now + "2d" }: into the person's list (`syncwell tasks`).
local tasks = require("tasks")

local function send(ctx, key, args, steps)
  return tasks.add(ctx, key, { title = args.title, due = args.due, notes = args.notes,
    rule = steps.firing.body.rule })
end

return { grant = "task:write", keyed = true, send = send }
