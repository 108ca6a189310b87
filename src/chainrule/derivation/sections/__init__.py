"""The sections of a derivation: output, hidden layers, φ', stable forms, numbers put in."""
