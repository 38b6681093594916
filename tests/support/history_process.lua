-- A history played by a process that its parent kills at random moments (tests/flows/test_histories.lua).
--   SW_HISTORY=DIR:SEED syncwell --lua-test tests/support/history_process.lua     writes DIR/over at its end
local histories = require("histories")
local dir, seed = os.getenv("SW_HISTORY"):match("^(.*):(%d+)$")

histories.go_on(dir, math.tointeger(tonumber(seed)))
assert(sw.fs.write(dir .. "/over", "over\n"))
