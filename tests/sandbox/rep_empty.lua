-- expect: ok
return (""):rep(math.maxinteger) == "" and ("x"):rep(-1) == ""
