"""The audit: what would make a result wrong, found before any training."""
