-- Long workouts get a tag, so that they can be found: syncwell records workout, or --where "tag=long".
--   syncwell rules install tag_long --set over=2h --set tag=big
local sw = require "syncwell"

return sw.rule {
  title = "Tag long workouts",
  doc = "Puts a tag on workouts over ninety minutes; `syncwell undo` takes it away.",
  params = {
    over = sw.duration { default = "90min", doc = "shorter ones are left alone" },
    tag = sw.text { default = "long", doc = "one word" },
  },
  on = sw.event "workout.created",
  when = function(w, ctx) return w.elapsed > ctx.params.over end,
  reads = {},
  uses = { "record:write" },
  run = function(_, ctx)
    ctx.record.tag(ctx.params.tag)
  end,
}
