"""One module for each page of the reference; every one of them has a function `page` that returns Markdown."""
