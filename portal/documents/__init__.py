"""Generated documents: PDF by Typst with the vendored fonts."""
