"""Methods paragraph, citations, model card and datasheet."""
