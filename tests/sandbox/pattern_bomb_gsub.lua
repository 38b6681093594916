-- expect: error used more than
return (("a"):rep(100000)):gsub("(.-)%1%1%1b", "")
