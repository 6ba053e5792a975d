"""A study of the user's own images that fits into a given time: its sizes, its command, its end."""
