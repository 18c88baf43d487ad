"""Session folders and capture files on disk."""
