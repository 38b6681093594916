-- expect: error used more than
return (("a"):rep(40)):find(("a?"):rep(40) .. ("a"):rep(40) .. "b" .. (".-"):rep(10) .. "b")
