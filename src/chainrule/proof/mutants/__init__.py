"""Wrong equations, and the examination that the prover rejects each of them."""
