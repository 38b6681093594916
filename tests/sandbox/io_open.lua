-- expect: error global 'io'
return io.open("/etc/passwd")
