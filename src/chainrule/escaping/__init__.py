"""One place for escaping each format: names of classes, columns and files are text from strangers.

Every writer uses these functions and escapes nothing itself: ``characters`` shows what cannot be seen,
``languages`` writes into C and Python, ``markup`` into HTML, SVG, LaTeX and Markdown,
``tables`` into CSV, ``terminal`` for people, shells and programs that read JSON.
"""
