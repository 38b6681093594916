-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
do
  ::a::
  do goto b end
end
::b::
for _ = 1, 10 do
  ::inner::
  goto inner
end
