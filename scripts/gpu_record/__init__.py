"""What scripts/gpu_verify is made of."""
