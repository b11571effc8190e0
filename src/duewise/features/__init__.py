"""What was known about each debtor at a date, and what followed: features, labels, decisions."""
