"""A portfolio with known truth: latent debtors, what each channel really changes, and a biased old policy."""
