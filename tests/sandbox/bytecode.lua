-- attack: crash, 100 ms
-- ends: value true
local f, message = load("\27Lua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08" .. ("\0"):rep(200))
assert(f == nil and message:find("bytecode"))
assert(string.dump == nil)
assert(load("return 1", "x", "b") == nil)
return load("return 41 + 1")() == 42
