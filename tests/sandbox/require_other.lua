-- expect: error a script can require only
require "os"
