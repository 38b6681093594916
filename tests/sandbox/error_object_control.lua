-- expect: error plain
error("plain\27[2J\n\r\0text\u{202e}", 0)
