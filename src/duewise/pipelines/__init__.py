"""The commands as stories that read top to bottom."""
