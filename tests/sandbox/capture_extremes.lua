-- attack: crash, 100 ms
-- ends: value true
assert(not pcall(string.find, "x", ("()"):rep(40)) and not pcall(string.find, "x", "(((x)"))
assert(not pcall(string.find, "x", "%1") and not pcall(string.find, "x", "(%1)") and not pcall(string.find, "x", "%b"))
assert(not pcall(string.find, "x", "%f") and not pcall(string.find, "x", "[") and not pcall(string.find, "x", "[]"))
assert(not pcall(string.find, "x", "[%") and not pcall(string.find, "x", "x%") and ("x\0y"):find("\0", 1, true) == 2)
return ("x"):find("()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()") == 1
