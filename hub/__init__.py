"""People, conversations, messages and every job still owed: the only owner of the database."""
