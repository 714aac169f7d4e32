"""Every read. Nothing here changes a row."""
