-- G3, what rules do: conditions on fields, a text, a small table an event.
local fired, length = 0, 0

local function when(w)
  return w.sport == "running" and w.elapsed_s > 3600 and w.hr_avg < 150
end

local function run(w, ctx)
  ctx.notify { text = "drink after " .. w.sport .. " " .. w.elapsed_s // 60, title = "Hydration" }
end

local ctx = { notify = function(a)
  fired = fired + 1
  length = length + #a.text
end }
for i = 1, 900000 do
  local w = { sport = i % 3 == 0 and "cycling" or "running", elapsed_s = 3000 + i % 2000, hr_avg = 120 + i % 40 }
  if when(w) then
    run(w, ctx)
  end
end
return (fired * 31 + length) % 1000003
