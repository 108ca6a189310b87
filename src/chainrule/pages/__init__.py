"""HTML pages: one frame, one style sheet and one mathematics font for all that chainrule writes."""
