-- expect: error field 'getenv'
return os.getenv("HOME")
