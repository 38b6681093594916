-- attack: memory, 10000 ms
-- ends: error MB of memory
for i = 1, 1e9 do _G["left" .. i] = ("x"):rep(20000) .. i end
