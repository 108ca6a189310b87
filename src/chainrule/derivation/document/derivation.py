"""`Derivation`: a finished document, and how it is shown."""

from __future__ import annotations

from chainrule.derivation.blocks import Document

FORMATS = ("text", "markdown", "latex", "html")


class Derivation:
    """The derivation of one network. ``print`` shows it as text; a notebook shows it with formulas."""

    def __init__(self, document: Document) -> None:
        self.document = document

    @property
    def checked(self) -> str:
        """What was verified, and the largest error."""
        return self.document.checked

    def to_text(self, width: int = 100) -> str:
        """Plain text for a terminal of that width."""
        from chainrule.derivation.document.render_text import render

        return render(self.document, width)

    def to_markdown(self) -> str:
        """Markdown with LaTeX between dollars."""
        from chainrule.derivation.document.render_markdown import render

        return render(self.document)

    def to_latex(self) -> str:
        """A complete LaTeX article."""
        from chainrule.derivation.document.render_latex import render

        return render(self.document)

    def to_html(self) -> str:
        """One self-contained page with MathML, without scripts."""
        from chainrule.derivation.document.render_html import render

        return render(self.document)

    def in_format(self, name: str) -> str:
        """The document as text, markdown, latex or html."""
        made: str = getattr(self, f"to_{name}")()
        return made

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Derivation: {self.document.title}. {self.checked}>"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        from chainrule.derivation.document.render_html import fragment

        return fragment(self.document)
