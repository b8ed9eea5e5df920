"""Who may see what, and who did? Agreements, sharing decisions, the directory and the disclosure ledger."""
