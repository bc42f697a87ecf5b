"""Other servers as they are used, with one thing in common: lines `SIZE COUNT` on their standard input."""
