"""Calls between services: one pipeline that every call passes on the way in, and typed stubs on the way out."""
