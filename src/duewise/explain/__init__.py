"""Why a model says what it says: contributions, reasons in words, ability and willingness."""
