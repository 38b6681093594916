-- SPDX-License-Identifier: MIT
-- Where a provider may send its credentials, and how long a refused request waits.
local account = require("account")
local patience = require("patience")

local acct = { base = "https://api.acme.example/v1", provider = { script = "providers/acme.lua" },
  declaration = { base = "https://api.acme.example/v1", hosts = { "api.acme.example", "files.acme.example" } } }

describe("an address of a provider", function()
  it("is below its base, or on a declared host by https", function()
    for path, wanted in pairs { ["/sleep"] = "https://api.acme.example/v1/sleep", [""] = "https://api.acme.example/v1",
      ["https://api.acme.example/v2/x?c=1"] = "https://api.acme.example/v2/x?c=1", ["HTTPS://API.ACME.EXAMPLE/x"] = "HTTPS://API.ACME.EXAMPLE/x",
      ["https://files.acme.example:443/f"] = "https://files.acme.example:443/f" } do
      expect(account.address(acct, path)).equals(wanted)
    end
  end)

  it("is refused wherever else a link of an answer leads", function()
    for _, link in ipairs { "https://evil.example/", "https://api.acme.example.evil.example/", "https://api.acme.example@evil.example/",
      "https://evil.example\\@api.acme.example/", "https://api.acme.example:8443/", "http://api.acme.example/v1/x", "http://files.acme.example/",
      "https://files.acme.example:80/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "file:///etc/passwd", "ftp://api.acme.example/",
      "javascript:alert(1)", "https:api.acme.example/", "https:///api.acme.example", "https://", "https://api.acme.example\r\nX: y/", "https://api.acme.example /",
      "https://xapi.acme.example/", "https://acme.example/", "gopher://api.acme.example/", "https://api.acme.example./" } do
      local address, why, code = account.address(acct, link)
      expect(link .. tostring(address)).equals(link .. "nil")
      expect(why).contains("may not talk to")
      expect(code).equals("denied")
    end
  end)

  it("begins where a login was sent to, unless a machine of one's own stands for the service", function()
    local d = acct.declaration
    expect(account.base(nil, d, "https://files.acme.example")).equals("https://files.acme.example")
    expect(account.base("http://127.0.0.1:8080", d, "https://files.acme.example/v2")).equals("http://127.0.0.1:8080/v2")
    expect(account.base(nil, d)).equals("https://api.acme.example/v1")
  end)

  it("cannot grow the host out of the base", function()
    local own = { base = "https://mine.example", provider = acct.provider, declaration = { hosts = {} } }
    for _, path in ipairs { ".evil.example/x", "@evil.example/x", ":8443/x", "\\@evil.example" } do
      expect(account.address(own, path)).is_nil()
    end
    expect(account.address(own, "/x")).equals("https://mine.example/x")
  end)
end)

describe("a wait", function()
  it("is read from each kind of header, and is no longer than a day", function()
    local wall = assert(sw.time.parse("2026-03-01T12:00:00Z"))
    for _, row in ipairs { { "retry-after", "30", 30000 }, { "retry-after", "0.5", 500 }, { "retry-after", "-5", 0 }, { "retry-after", "soon" }, { "retry-after", "" },
      { "retry-after", "Sun, 01 Mar 2026 12:01:00 GMT", 60000 }, { "retry-after", "Sun, 01 Mar 2026 11:00:00 GMT", 0 }, { "retry-after", "1e999", 86400000 },
      { "retry-after", "99999999999", 86400000 }, { "retry-after", "nan" }, { "x-ratelimit-reset", "120", 120000 },
      { "x-ratelimit-reset", tostring(wall // 1000 + 90), 90000 }, { "x-ratelimit-reset", "1e300", 86400000 }, { "ratelimit", "limit=100, remaining=0, reset=7", 7000 },
      { "ratelimit", '"default";r=0;t=9', 9000 }, { "other", "5" } } do
      local got = patience.told({ [row[1]] = row[2] }, wall)
      expect(row[1] .. row[2] .. tostring(got)).equals(row[1] .. row[2] .. tostring(row[3]))
      expect(got == nil or math.type(got) == "integer").is_true()
    end
  end)

  it("is over when the window opens for who has it alone, and in turn for those who share it", function()
    local function turns(bucket, ms, n)
      local one = setmetatable({ provider = { id = "acme" }, connection = { id = 7 },
        declaration = { limits = { { most = 60, per_s = 60, bucket = bucket } } } }, account)
      local most, seen = 0, {}
      for _ = 1, 200 do
        local ms_more = one:turn(ms, n)
        expect(ms_more >= 0).is_true()
        most, seen[ms_more] = math.max(most, ms_more), true
      end
      return most, seen
    end
    expect((turns("account", 900000, 200))).equals(0)
    expect((turns(nil, 60000, 5))).equals(0)
    expect((turns("app", 900000, 1))).equals(0)
    local most, seen = turns("app", 900000, 200) -- 60 a minute: a second each
    expect(most > 100000 and most <= 199000).is_true()
    expect(#require("schema").keys(seen) > 100).is_true()
    expect((turns("app", 86400000, 4)) <= 3000).is_true()
  end)
end)
