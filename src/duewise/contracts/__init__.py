"""What comes in and what goes out: vocabulary, table contracts and the data dictionary."""
