from docutils import nodes
from sphinx.util.docutils import SphinxDirective
class S(SphinxDirective):
    required_arguments=1
    def run(self): return [nodes.paragraph("",f"[steps {self.arguments[0]}]")]
def setup(app): app.add_directive("steps",S); return {"parallel_read_safe":True}
