"""Identity on the wire: a module for each service of its protos."""
