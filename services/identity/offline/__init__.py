"""Work on whole files, without the register's service: link, find duplicates, pair."""
