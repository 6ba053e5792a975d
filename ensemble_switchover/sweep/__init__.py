"""Many runs: what is to do, where it goes, and what became of it (no torch)."""
