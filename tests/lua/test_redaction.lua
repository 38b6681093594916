-- SPDX-License-Identifier: MIT
-- A service that writes a secret back in another spelling shows it to nobody.
local redaction = require("redaction")

local SECRET = "p/w+d==of/one&two"

describe("a secret in an answer", function()
  it("is hidden as it is, in JSON with escaped slashes, in an address and as Base64", function()
    for _, form in ipairs { SECRET, "p\\/w+d==of\\/one&two", "p%2Fw%2Bd%3D%3Dof%2Fone%26two", sw.crypto.base64(SECRET) } do
      local text = redaction.hide(('{"echo":"%s","n":5}'):format(form), { key = SECRET })
      expect(text).equals('{"echo":"(hidden)","n":5}')
    end
  end)

  it("is found at any depth of what was sent, and other texts stay", function()
    local text = redaction.hide("a " .. SECRET .. " b refresh-me-later c", { { token = { SECRET } } }, { "refresh-me-later" })
    expect(text).equals("a (hidden) b (hidden) c")
    expect(redaction.hide("a plain answer", { key = SECRET })).equals("a plain answer")
  end)
end)
