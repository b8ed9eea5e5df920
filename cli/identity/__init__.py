"""`joinedup identity`: the register of people. One command a module."""
