-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local s = ("\u{20ac}"):rep(200000)
while true do
  utf8.len(s)
  utf8.offset(s, -1, 1000)
  for _ in utf8.codes(s) do end
end
