"""JSON schemas of the operators' resources that the manifests use, derived from their published packages."""
