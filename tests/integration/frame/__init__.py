"""A small service on the chassis that writes down what it consumes, so that tests can count effects."""
