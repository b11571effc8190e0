"""What is fitted on the past: repayment, amount, channel value, and the bundle that holds them."""
