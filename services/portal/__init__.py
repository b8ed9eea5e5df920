"""People's door: server-rendered pages for caseworkers, teams, partners and information governance leads."""
