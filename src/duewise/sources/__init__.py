"""Files, databases and Spark become accepted tables; what cannot be accepted is quarantined."""
