-- attack: escape, 100 ms
-- ends: error 3: a script can require only
require "os"
