"""Side by side with JAX, PyTorch, scikit-learn, onnxruntime and NumPy: `python -m benchmarks.speed -h`."""
