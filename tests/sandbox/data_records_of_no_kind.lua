-- attack: data as provider, 100 ms
-- ends: value kept 1 records, 0 days, 0 columns; refused: 1 a note that ends before it starts, 1 a note without a time, 1 a note without an id, 2 a note at no time between 1900 and 2079, 2 a record of no known kind
local sw = require "syncwell"
return sw.provider { id = "attack", title = "T", hosts = { "localhost" }, base = "http://localhost", poll = "1h",
  reads = { all = { fetch = function(acct, window, out)
    out.record { kind = "person", id = "1", start = window.from }
    out.record { kind = "doc'; DROP TABLE doc; --", id = "2", start = window.from }
    out.record { kind = "note", id = {}, start = window.from }
    out.record { kind = "note", id = "4", start = 0 / 0 }
    out.record { kind = "note", id = "5", start = 1e300 }
    out.record { kind = "note", id = "6", start = math.mininteger }
    out.record { kind = "note", id = "7", start = window.from, finish = window.from - 1000 }
    out.record { kind = "note", id = ("i"):rep(600), start = window.from }
  end } } }
