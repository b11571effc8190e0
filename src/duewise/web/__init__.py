"""The managers' page: reads what a night published, and keeps what people say back."""
