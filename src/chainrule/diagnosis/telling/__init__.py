"""The report: the mistake in words, the line of the code, the correction, remarks."""
