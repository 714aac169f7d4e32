"""Every change: one module a noun, one function a use case. Callers open the transaction."""
