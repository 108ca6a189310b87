"""To and from other programs: ONNX, one NumPy file, one C file, scikit-learn, PyTorch.

The bodies of the equations are not written a second time for an export: a namespace runs them that
writes down what they do (`recording`), and from that come C, NumPy lines and ONNX nodes.
"""
