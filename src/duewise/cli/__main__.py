"""``python -m duewise.cli`` is ``duewise``."""

from duewise.cli import main

if __name__ == "__main__":
    main()
