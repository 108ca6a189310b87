"""A derivation as a document, and how text, HTML, LaTeX and Markdown show it."""
