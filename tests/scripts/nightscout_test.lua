local entries = { { type = "sgv", sgv = 112, date = 1772355600000, utcOffset = 60 },
  { type = "sgv", sgv = 9, date = 1772355900000 }, { type = "mbg", mbg = 121, date = 1772356200000 } }

describe("nightscout", function()
  it("brings glucose and leaves out the error codes of the sensor", function(t)
    t.connect "nightscout"
    t.http.replay { { path = "/api/v1/entries.json", body = entries }, { path = "/api/v1/treatments.json", body = {} } }
    local got = t.sync "nightscout"
    expect(got.new).equals(2)
    expect(#t.samples "blood_glucose").equals(2)
    expect(got.rejected).equals(1)
  end)

  it("asks with the secret's digest, never with the secret", function(t)
    t.connect("nightscout", { secrets = { api_secret = "correct horse" } })
    t.http.replay { { path = "/api/v1/entries.json", body = {}, again = true },
      { path = "/api/v1/treatments.json", body = {}, again = true } }
    t.sync "nightscout"
    local header = t.http.requests()[1].headers["api-secret"]
    expect(#header).equals(40)
    expect(header:find("horse", 1, true)).is_nil()
  end)
end)
