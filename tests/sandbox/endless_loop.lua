-- expect: error used more than
while true do end
