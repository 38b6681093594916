-- expect: error would not fit
return ("x"):rep(1e12 // 1)
