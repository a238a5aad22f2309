"""``python -m supplysim``: the command line."""

from supplysim.cli import main

if __name__ == "__main__":
    main()
