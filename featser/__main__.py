"""``python -m featser``: the same as the command ``featser``."""

from featser.cli import main

if __name__ == "__main__":
    main()
