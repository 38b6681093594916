-- expect: error field 'execute'
return os.execute("ls")
