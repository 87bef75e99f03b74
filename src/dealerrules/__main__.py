"""`python -m dealerrules`: the command line."""

from dealerrules.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
