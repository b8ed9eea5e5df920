"""What caseworker does, one function a use case; the frame commits."""
