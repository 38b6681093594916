-- expect: error used more than
return (("("):rep(200000)):gsub("%b()", "")
