-- expect: error used more than
while true do xpcall(error, function(e) return e end, "again") end
