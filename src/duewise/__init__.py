"""Duewise: whom to contact, how, when, with what offer, and why."""
