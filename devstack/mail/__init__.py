"""A real mail server for the local stack: STARTTLS, AUTH, durable mailboxes, and a page to read what was sent."""
