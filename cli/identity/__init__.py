"""`joinedup identity`: who is this? One command a module."""
