"""To and from other programs: ONNX, one NumPy file, one C file, scikit-learn, PyTorch.

What an exported file computes is not written a second time: the bodies of the equations are run by a namespace that
writes down what they do (`recording`), and from that come C, NumPy lines and ONNX nodes.
"""
