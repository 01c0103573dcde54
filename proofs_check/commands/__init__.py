"""The command line of `proofs_check`."""
