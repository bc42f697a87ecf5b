"""`python -m hub`: the command line."""

from hub.cli.main import main

main()
