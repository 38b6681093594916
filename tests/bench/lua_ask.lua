-- G12 as a provider's script asks: account:request, with the token from the vault's shape, two limits, the
-- wait of the service, six at a time.   HOME PORT N
local dir, port, n = ...
local account = require("account")
local home = require("home")

n = tonumber(n)
local ctx = assert(home.open({ home = dir, zone = "UTC" }, true))
local base = "http://127.0.0.1:" .. port
local acct = assert(account.open(ctx, { id = 1, provider = "bench", name = "main", body = { base_url = base } },
  { id = "bench", from = "shipped", script = "providers/bench.lua", declaration = { title = "Bench", base = base,
    auth = { kind = "key", secret = "token", prefix = "Bearer " },
    limits = { { most = 100000000, per_s = 900, aligned = true }, { most = 100000000, per_s = 86400, aligned = true } } } }))
acct.secret.secrets.token = "bench-0123456789abcdef0123456789abcdef"

local sent, good, bytes, running = 0, 0, 0, 6
local before = bench.cpu()

local function finish()
  bench.say(('{"check": "%d answers, %d bytes", "cpu_s": %.6f}'):format(good, bytes, bench.cpu() - before))
  bench.done()
end

for _ = 1, running do
  sw.spawn(function()
    while sent < n do
      sent = sent + 1
      local reply = assert(acct:request { path = "/v1/series" })
      assert(reply.status == 200, reply.status)
      good, bytes = good + 1, bytes + #reply.body
    end
    running = running - 1
    if running == 0 then
      finish()
    end
  end)
end
