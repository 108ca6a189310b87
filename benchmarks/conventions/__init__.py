"""Where this package and other tools decide differently: `python -m benchmarks.conventions`."""
