"""From scores to one lawful strategy per debtor."""
