"""Sessions too large to be held in memory: conversations from what lanes add up to, and which of them to look at."""
