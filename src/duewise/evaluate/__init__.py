"""How good forecasts and policies are, with intervals."""
