"""使用帮助: topics as data (``topics/*.yaml``), the pages that explain them, the links to them."""
