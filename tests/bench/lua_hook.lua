-- G5 through a Lua function per record: posted pages whose samples a provider's script reads one by one in its
-- worker (hook_provider.lua), stored by the job `ingest` and settled.   HOME PAGES
local home, folder = ...
local homes = require("home")
local ingest = require("jobs.ingest")
local connections = require("connections")

local ctx = assert(homes.open({ home = home }, true))
local c = assert(connections.list(ctx))[1]
sw.fs.mkdir(home .. "/inbox")

local cpu_s, n = 0, 0
local function timed(f, ...)
  local engine, inside = bench.cpu()
  local outcome = assert(f(...))
  local engine_end, inside_end = bench.cpu()
  cpu_s = cpu_s + engine_end - engine + inside_end - inside
  return outcome
end

for i, name in ipairs(assert(sw.fs.list(folder))) do
  local file = ("%d-page%d"):format(c.id, i)
  assert(sw.fs.write(home .. "/inbox/" .. file, assert(sw.fs.read(folder .. "/" .. name, 32 << 20))))
  local total = timed(ingest.run, ctx, { id = i, payload = { connection = c.id, file = file, kind = "posted" } })
  n = n + total.new + total.unchanged
end
timed(homes.settle, ctx)
bench.say(('{"records": %d, "cpu_s": %.6f}'):format(n, cpu_s))
bench.done()
