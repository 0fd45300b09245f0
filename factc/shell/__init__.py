"""Shell texts as they are read: words, commands, and how one command follows another. Nothing is executed."""
