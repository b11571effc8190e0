"""From a log of actions and outcomes to what each action changes, and how far to believe it."""
