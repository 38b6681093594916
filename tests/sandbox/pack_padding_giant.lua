-- attack: memory, 100 ms
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
return #string.pack("c2147483647", "x")
