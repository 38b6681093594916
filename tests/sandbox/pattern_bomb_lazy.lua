-- expect: error used more than
return (("a"):rep(5000)):find((".-"):rep(12) .. "b")
