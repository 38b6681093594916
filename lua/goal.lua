-- Is a goal met on a day? One is a least (10,000 steps) or, with `most`, a most (400 mg caffeine, 75 kg).
--   goal.met({ target = 400, most = true }, metric, 310, is_over) --> true | false | nil, not known yet
-- What adds up over a day keeps below its most only when the day is over, and misses its least only then.
local goal = {}

function goal.met(body, m, value, is_over)
  if body.most and m.daily == "sum" then
    if value > body.target then
      return false
    end
    return is_over and true or nil
  end
  local fits = body.most and value <= body.target or not body.most and value >= body.target
  if fits then
    return true
  end
  if is_over then
    return false
  end
end

return goal
