"""Lab scenarios, one file each."""
