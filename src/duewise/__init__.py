"""Duewise: whom to contact, how, when, with what offer, and why."""

__version__ = "0.1.0"
