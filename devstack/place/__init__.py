"""A synthetic place: invented organisations, teams, practitioners, people and half a year of contacts, from a seed."""
