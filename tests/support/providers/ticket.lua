-- A made-up service with a login of its own, for tests: password, ticket, a region, an id to look up.
--   POST /ticket/login { "email", "password" } --> { "status": 0, "data": { "authTicket": { "token", "expires" } } }
--   GET /ticket/sleepers/s-9/nights --> { "nights": [ { "id", "from", "to" } ] }
local sw = require "syncwell"

return sw.provider {
  id = "ticket", title = "Ticket Sleep", hosts = { "api.ticket.example", "api-eu.ticket.example" },
  base = "https://api.ticket.example",
  secrets = { email = "the address you sign in with", password = "your password there" },
  session = { token = "data.authTicket.token", expires = "data.authTicket.expires", keep = { user_id = "data.user.id" } },
  headers = { ["account-id"] = sw.sha256(sw.secret "user_id"), product = "test" },
  login = function(_, last)
    local region = last and last.json.data.region
    return { path = region and "/ticket/" .. region .. "/login" or "/ticket/login",
      base = region and "https://api-" .. region .. ".ticket.example" or nil,
      json = { email = sw.secret "email", password = sw.secret "password" } }
  end,
  classify = function(res)
    local status = res.status == 200 and res.json and res.json.status
    if status == 2 then
      return "reconnect", res.json.error.message
    elseif status == 4 then
      return "attention", "its terms are to be accepted in the app first"
    end
  end,
  account = { path = "/ticket/me", id = "id", name = "name" },
  after_connect = function(acct)
    local me = acct.get { path = "/ticket/me" }
    print("the script sees " .. tostring(me.echo))
    return { sleeper = me.sleeper, seen = me.echo }
  end,
  limits = { { 600, per = "1min" } },
  policy = { share = false, aggregate = false, llm = false },
  reads = {
    nights = { path = "/ticket/sleepers/{sleeper}/nights", items = "nights", kind = "sleep", window = "30d",
      map = { id = "id", start = sw.iso "from", finish = sw.iso "to" } },
  },
  writes = {
    note = function(entry, acct)
      return acct.post { path = "/ticket/sleepers/" .. acct.settings.sleeper .. "/notes", json = { text = entry.text } }
    end,
  },
}
