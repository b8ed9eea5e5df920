"""What each page shows, as plain frozen dataclasses, and how it is rendered; knows neither gRPC nor HTTP."""
