"""Plays a mail provider: a mailbox by IMAP and SMTP on loopback, and customers with a mail program."""
