-- attack: memory, 1000 ms
-- ends: value true
for i = 1, 100000 do print(("line %d"):format(i)) end
return true
