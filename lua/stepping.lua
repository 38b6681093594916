-- Data time that moves from one due instant to the next, for `run --once --now T` and tests of scripts.
--   stepping.to(ctx, target_ms [, not_before_ms])   --> how many jobs were done | nil, message, code
local queue = require("queue")

local stepping = {}

-- Due instants in order, data time standing at each of them; at the end it stands at the target.
function stepping.to(ctx, target, not_before)
  local done = 0
  while true do
    local due, message, code = sw.store.next_due()
    if due == nil and message then
      return nil, message, code
    elseif due == nil or due > target then
      break
    end
    sw.time.set(math.max(due, not_before or due))
    local n
    n, message, code = queue.run_due(ctx)
    if not n then
      return nil, message, code
    elseif n == 0 then
      break
    end
    done = done + n
  end
  sw.time.set(target)
  return done
end

return stepping
