"""Invented counties: registers as offices write them, with the truth beside them."""
