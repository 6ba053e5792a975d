"""What runs leave behind: the record and the folder that holds it."""
