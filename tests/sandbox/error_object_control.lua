-- attack: escape, 100 ms
-- ends: error plain
error("plain\27[2J\n\r\0text\u{202e}", 0)
