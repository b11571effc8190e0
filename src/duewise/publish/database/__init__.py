"""The rows of a run in a database, which holds exactly what the run folders hold."""
