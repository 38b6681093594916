-- expect: ok
for i = 1, 100000 do print(("line %d"):format(i)) end
return true
