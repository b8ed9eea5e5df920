"""Who may know what about a person: decided once from the proto labels, applied to every answer, and recorded."""
