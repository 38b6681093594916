-- expect: error xxxx
error(("x"):rep(5000000))
