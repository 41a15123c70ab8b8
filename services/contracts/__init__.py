"""The published language: what services tell each other and the gateway. Frozen, additive only.

A wire type never changes its meaning and never loses a field; new fields come with a default; anything else is a new
type (`...v2`) beside the old one. `schemas/` holds the JSON Schema of each type as reviewed; a test compares them.
"""
